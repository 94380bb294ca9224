#include "json_lines.hpp"

#include <vector>

namespace releve::app {

namespace {

constexpr std::size_t json_nesting_max = 16;

class LineReader : public nlohmann::json_sax<nlohmann::json> {
public:
    using Lines = std::map<std::string, std::size_t, std::less<>>;

    LineReader(const std::size_t& line, Lines& lines) : line_{line}, lines_{lines} {}
    [[nodiscard]] std::optional<JsonProblem>& problem() { return problem_; }

    bool null() override { return scalar(); }
    bool boolean(bool) override { return scalar(); }
    bool number_integer(number_integer_t) override { return scalar(); }
    bool number_unsigned(number_unsigned_t) override { return scalar(); }
    bool number_float(number_float_t, const string_t&) override { return scalar(); }
    bool string(string_t&) override { return scalar(); }
    bool binary(binary_t&) override { return scalar(); }
    bool start_object(std::size_t) override { return open(false); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(true); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override
    {
        next_ = around_.back().pointer + "/" + name;
        if (lines_.try_emplace(next_, line_).second)
            return true;
        problem_ = JsonProblem{next_, "there twice"};
        return false;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) override
    {
        problem_ = JsonProblem{"", "not JSON"};
        return false;
    }

private:
    struct Around {
        std::string pointer;
        bool is_list = false;
        std::size_t items = 0;
    };

    /// An item of a list has no key that would have named it.
    void name_item()
    {
        if (!around_.empty() && around_.back().is_list)
            next_ = around_.back().pointer + "/" + std::to_string(around_.back().items++);
    }
    bool scalar()
    {
        name_item();
        return true;
    }
    bool open(bool is_list)
    {
        name_item();
        lines_.try_emplace(next_, line_);
        around_.push_back({next_, is_list});
        if (around_.size() <= json_nesting_max)
            return true;
        problem_ = JsonProblem{next_, "nested too deeply"};
        return false;
    }
    bool close()
    {
        around_.pop_back();
        return true;
    }

    const std::size_t& line_;
    Lines& lines_;
    std::string next_;           // pointer of the value that comes next
    std::vector<Around> around_; // the objects and lists that are open
    std::optional<JsonProblem> problem_;
};

} // namespace

JsonLines::JsonLines(std::string_view json)
{
    std::size_t line = 1;
    LineReader reader{line, lines_};
    const char* const begin = json.data();
    nlohmann::json::sax_parse(LineCounter{begin, line}, LineCounter{begin + json.size(), line}, &reader);
    problem_ = reader.problem();
    problem_line_ = line;
}

std::size_t JsonLines::line_of(std::string_view pointer) const
{
    if (problem_ && problem_->pointer == pointer)
        return problem_line_;
    while (!pointer.empty()) {
        if (const auto found = lines_.find(pointer); found != lines_.end())
            return found->second;
        pointer = pointer.substr(0, pointer.rfind('/'));
    }
    return 1;
}

std::string describe(const JsonLines& lines, const JsonProblem& problem, const std::string& file_name)
{
    const std::string pointer = problem.pointer.empty() ? "/" : problem.pointer;
    return file_name + ":" + std::to_string(lines.line_of(problem.pointer)) + ": " + pointer + ": " +
           problem.reason;
}

} // namespace releve::app
