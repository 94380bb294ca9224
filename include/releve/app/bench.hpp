#pragma once
// The parts of `releve bench`: what a benchmark reports, its load and the processes that send it. docs/BENCHMARKS.md
// says what each figure means.

#include <releve/core/bytes.hpp>
#include <releve/core/time.hpp>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace releve::app {

// ---------------------------------------------------------------------- reports

struct BenchFigure {
    std::string name;
    double value = 0;
};
struct BenchResult {
    std::string name, unit;
    double value = 0;
    bool larger_is_better = true;
    std::vector<BenchFigure> baselines; // the first one is what `ratio` compares with
    std::vector<BenchFigure> details;
    /// Value against the first baseline, so that larger is better; 0 without one.
    [[nodiscard]] double ratio() const;
};
struct BenchReport {
    std::string bench;
    std::vector<BenchResult> results;
    std::vector<std::string> problems; // why the answer is no, for people; none: all is as it must be
};
/// One line: {"bench":...,"results":[{"name","value","unit","baselines":[{"name","value"}],"ratio","details":{}}]}.
[[nodiscard]] std::string bench_json(const BenchReport& report);
/// For people.
[[nodiscard]] std::string bench_table(const BenchReport& report);

// ---------------------------------------------------------------------- the load

/// Of every load, and of the fleet that is registered for it.
inline constexpr std::uint64_t bench_seed = 42;

enum class BenchKind : std::uint8_t {
    day,       // a civil day's half-hours in a frame
    half_hour, // one half-hour in a frame
};
/// Their names on the command line.
inline constexpr std::array<std::pair<const char*, BenchKind>, 2> bench_kinds{
    {{"day", BenchKind::day}, {"half_hour", BenchKind::half_hour}}};

/// What is sent, as a function of its options alone: the sender makes frames of it, the check compares what is stored.
/// Meters hang behind `connections` concentrators; each sends round after round (a round is a civil day, or a
/// half-hour) and within a round its meters in a pseudo-random order. Curves are the recorded half-hours of the demo's
/// homes.
class BenchLoad {
public:
    struct Options {
        std::uint64_t seed = bench_seed;
        std::uint32_t meters = 100'000;
        std::uint32_t connections = 64;
        std::uint32_t rounds = 4;
        BenchKind kind = BenchKind::day;
        std::filesystem::path demo_data;
    };
    struct Item {
        std::uint32_t meter = 0, round = 0;
    };
    /// errc::not_found_file, errc::bad_csv.
    [[nodiscard]] static result<BenchLoad> make(const Options& options);

    [[nodiscard]] const Options& options() const { return options_; }
    /// Meters behind a connection: the first ones have one more where they do not come out even.
    [[nodiscard]] std::size_t meters_of(std::uint32_t connection) const;
    [[nodiscard]] std::size_t items_of(std::uint32_t connection) const;
    [[nodiscard]] Item item(std::uint32_t connection, std::size_t index) const;
    /// The civil day of a round.
    [[nodiscard]] CivilDay day_of(std::uint32_t round) const;
    /// Readings of half-hours in a frame of this round.
    [[nodiscard]] std::size_t slots_of(std::uint32_t round) const;
    /// Start and mean power in W of each half-hour of the item's frame.
    [[nodiscard]] std::vector<std::pair<Instant, std::int32_t>> slots(const Item& item) const;
    /// Which stretch of the recorded half-hours it has, of a few hundred: meters of one have the same values.
    [[nodiscard]] std::size_t curve_of(std::uint32_t meter) const;
    /// Of the first `rounds`; before frames of them are made.
    void make_templates(std::uint32_t rounds);
    /// Protected APDUs, each in its wrapper, one after the other, and the length of each.
    struct Frames {
        Bytes bytes;
        std::vector<std::uint32_t> lengths;
    };
    /// Of a connection's items [first, first + count), or as many as there are.
    [[nodiscard]] Frames frames_of(std::uint32_t connection, std::size_t first, std::size_t count) const;
    /// The same as a clone of each meter would send them: its keys and counters, but the values of the next round.
    [[nodiscard]] Frames cloned_frames_of(std::uint32_t connection, std::size_t first, std::size_t count) const;

private:
    struct Template {
        Bytes plaintext;
        std::size_t serial_at = 0; // where the meter's serial number stands in it
        std::uint32_t counter = 0;
    };
    [[nodiscard]] Frames make_frames(std::uint32_t connection, std::size_t first, std::size_t count,
                                     std::uint32_t rounds_ahead) const;
    [[nodiscard]] Template make_template(std::size_t curve, std::uint32_t round) const;
    [[nodiscard]] Instant first_slot(std::uint32_t round) const;

    Options options_;
    std::vector<std::int32_t> powers_;               // recorded half-hours, one after the other
    std::vector<std::vector<std::uint32_t>> orders_; // of each connection's meters
    std::vector<std::vector<Template>> templates_;   // by round, curve
};

// ---------------------------------------------------------------------- the sender

/// This binary again, under another of the words of `releve bench`, spoken to in lines; ended with the object.
class BenchProcess {
public:
    /// errc::unavailable when it cannot be started. `words` follow `releve bench`.
    [[nodiscard]] static result<BenchProcess> start(const std::vector<std::string>& words);
    BenchProcess(BenchProcess&& other) noexcept;
    BenchProcess& operator=(BenchProcess&&) = delete;
    ~BenchProcess();
    /// Says a line. errc::unavailable when it has ended, as from all of these.
    [[nodiscard]] result<void> tell(const std::string& line);
    /// Its next line. errc::unavailable when it has not come by then.
    [[nodiscard]] result<std::string> hear(std::chrono::seconds at_most);
    /// Waits for this line; another one is an error.
    [[nodiscard]] result<void> expect(std::string_view line, std::chrono::seconds at_most);

private:
    explicit BenchProcess(std::string name) : name_(std::move(name)) {}
    std::string name_; // for errors
    int process_ = -1;
    int to_ = -1, from_ = -1;
};

/// Where the server is, and what is sent.
struct BenchTarget {
    BenchLoad::Options load;
    std::uint16_t port = 0;
    std::filesystem::path certificate;
};
struct BenchSent {
    std::vector<std::uint64_t> frames; // sent and confirmed, by connection
    std::uint64_t unconfirmed = 0;
    double seconds = 0;     // from the first byte sent to the last confirmation
    double cpu_seconds = 0; // of the sender in that time
    double answer_p50_ms = 0, answer_p99_ms = 0;
    std::uint64_t bytes = 0;
};

/// A process of its own: makes its frames, says so, waits to be told to go, sends for so long and reports.
class BenchSender {
public:
    /// errc::unavailable when it cannot be started.
    [[nodiscard]] static result<BenchSender> start(const BenchTarget& target, int seconds);
    /// Until its frames are made.
    [[nodiscard]] result<void> wait_prepared();
    /// Sends, and waits for the end.
    [[nodiscard]] result<BenchSent> run();

private:
    BenchSender(BenchProcess process, int seconds) : process_(std::move(process)), seconds_(seconds) {}
    BenchProcess process_;
    int seconds_;
};
/// The sender's own main: `releve bench send ...`, started by BenchSender.
int run_bench_send(const BenchTarget& target, int seconds);

// ---------------------------------------------------------------------- the benchmarks

struct BenchIngestOptions {
    int seconds = 10;
    std::uint32_t meters = 100'000; // of electricity
    std::string mix;                // empty: the loads of one kind of frame each; "france": both energies at the same time
    std::filesystem::path data_dir; // empty: a temporary folder
    std::filesystem::path demo_data;
};
[[nodiscard]] result<BenchReport> bench_ingest(const BenchIngestOptions& options);

struct BenchHostileOptions {
    int seconds = 4;
    std::uint32_t meters = 40'000;
    std::uint32_t attackers = 64; // connections of an attack, unless it is one by their number
    std::vector<std::string> only; // names of attacks; empty: all
    std::filesystem::path data_dir; // empty: a temporary folder
    std::filesystem::path demo_data;
};
[[nodiscard]] result<BenchReport> bench_hostile(const BenchHostileOptions& options);

struct BenchEstimationOptions {
    int gaps = 1'000; // of each length
    std::uint64_t seed = bench_seed;
    std::filesystem::path data; // a file as the demo's linky-curve.csv or london-homes.csv; empty: the demo's
    std::filesystem::path demo_data;
};
[[nodiscard]] result<BenchReport> bench_estimation(const BenchEstimationOptions& options);

struct BenchQueryOptions {
    int seconds = 4;                  // that each question is asked, and as long its baseline
    std::uint32_t meters = 1'000'000; // with the fleet's day
    std::uint32_t row_meters = 100'000; // of them, also as rows
    std::uint32_t year_meters = 2'000;  // of these, with a year of days and of rows
    std::filesystem::path data_dir; // empty: a temporary folder
    std::filesystem::path demo_data;
};
[[nodiscard]] result<BenchReport> bench_query(const BenchQueryOptions& options);

struct BenchValidationOptions {
    int seconds = 4;                  // that the day is judged again and again, and about as long only read
    std::uint32_t meters = 1'000'000;
    std::filesystem::path data_dir; // empty: a temporary folder
    std::filesystem::path demo_data;
};
[[nodiscard]] result<BenchReport> bench_validation(const BenchValidationOptions& options);

struct BenchBillingOptions {
    int seconds = 4;                   // at least, of each of the others
    std::uint32_t meters = 100'000;    // usage points, a month of half-hours each
    std::uint32_t row_meters = 10'000; // of them, also as rows
    std::filesystem::path data_dir; // empty: a temporary folder
    std::filesystem::path demo_data;
};
[[nodiscard]] result<BenchReport> bench_billing(const BenchBillingOptions& options);

} // namespace releve::app
