#pragma once
// Books of tariffs by the version in which they changed last: parsed once, shared by all that bill.

#include <releve/engine/tariff.hpp>
#include <releve/store/billing_records.hpp>

#include <functional>
#include <memory>
#include <mutex>

namespace releve::app {

using SharedBook = std::shared_ptr<const engine::TariffBook>;

/// Stored documents as a book. errc::bad_tariff.
[[nodiscard]] result<SharedBook> read_book(std::span<const store::TariffText> documents);
/// What the program brings along, as it is stored.
[[nodiscard]] result<std::vector<store::TariffText>> shipped_tariff_texts();

/// From any thread. Keeps the last `books_max` books.
class TariffShelf {
public:
    static constexpr std::size_t books_max = 8;
    using Load = std::function<result<std::vector<store::TariffText>>()>;
    /// `load` is only called for a version that is not there.
    [[nodiscard]] result<SharedBook> get(std::int64_t version, const Load& load);

private:
    std::mutex mutex_;
    std::vector<std::pair<std::int64_t, SharedBook>> books_; // the last used ones last
};

} // namespace releve::app
