#include <releve/app/tariff_shelf.hpp>

#include <releve/app/tariff_files.hpp>

#include <algorithm>

namespace releve::app {

namespace {

store::TariffText text_of(const TariffDocument& document, std::string_view json)
{
    constexpr std::string_view kinds[] = {"tariff", "calendar", "published_days"};
    return {document.id, std::string{kinds[document.content.index()]}, document.edition, std::string{json}, "shipped", 0};
}

} // namespace

result<SharedBook> read_book(std::span<const store::TariffText> documents)
{
    std::vector<TariffDocument> parsed;
    for (const store::TariffText& text : documents) {
        RELEVE_TRY(document, parse_tariff_document(text.content, text.id));
        parsed.push_back(std::move(document));
    }
    RELEVE_TRY(book, make_book(parsed));
    return std::make_shared<const engine::TariffBook>(std::move(book));
}

result<std::vector<store::TariffText>> shipped_tariff_texts()
{
    std::vector<store::TariffText> texts;
    for (const ShippedTariff& shipped : shipped_tariffs()) {
        RELEVE_TRY(document, parse_tariff_document(shipped.json, std::string{shipped.file_name}));
        texts.push_back(text_of(document, shipped.json));
    }
    return texts;
}

result<SharedBook> TariffShelf::get(std::int64_t version, const Load& load)
{
    const std::lock_guard guard{mutex_}; // also while parsing: two who ask for the same book wait for one
    const auto found = std::ranges::find(books_, version, [](const auto& one) { return one.first; });
    if (found != books_.end()) {
        std::rotate(found, found + 1, books_.end());
        return books_.back().second;
    }
    RELEVE_TRY(documents, load());
    RELEVE_TRY(book, read_book(documents));
    if (books_.size() == books_max)
        books_.erase(books_.begin());
    books_.emplace_back(version, book);
    return book;
}

} // namespace releve::app
