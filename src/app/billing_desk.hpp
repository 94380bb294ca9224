#pragma once
// What commands that bill begin with: a database, the meter models and the tariffs of a version.

#include <releve/app/command_line.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/model_files.hpp>
#include <releve/app/tariff_shelf.hpp>
#include <releve/store/billing_store.hpp>

namespace releve::app {

struct BillingDesk {
    BillingDesk(ConfiguredDatabase database, ModelRegistry registry)
        : opened(std::move(database)), models(std::move(registry)),
          store(std::make_unique<store::BillingStore>(opened.database.address, [this](std::string_view name) { return models.find(name); }, asking_user()))
    {
    }
    ConfiguredDatabase opened;
    ModelRegistry models;
    std::unique_ptr<store::BillingStore> store;
    TariffShelf shelf;

    [[nodiscard]] result<SharedBook> book(std::int64_t version, std::int64_t terms)
    {
        return shelf.get(version, [&]() -> result<std::vector<store::TariffText>> { return store->tariffs(terms); });
    }
};

/// Makes bills one after another; what those of one book and zone share is kept.
class BillMakers {
public:
    explicit BillMakers(BillingDesk& desk) : desk_(&desk) {}
    result<engine::Bill> make(const store::BillBasis& basis, engine::CivilSpan span)
    {
        RELEVE_TRY(book, desk_->book(basis.tariffs, basis.known.terms));
        RELEVE_TRY(zone, zone_named(basis.zone));
        if (book != book_ || zone != zone_) {
            maker_ = std::make_unique<engine::BillMaker>(*book, *zone);
            book_ = std::move(book);
            zone_ = zone;
        }
        return maker_->make(basis.facts, {.span = span, .played = basis.played});
    }
    /// Of the bill that was made last.
    [[nodiscard]] const engine::TariffBook& book() const { return *book_; }

private:
    BillingDesk* desk_;
    SharedBook book_;
    const Zone* zone_ = nullptr;
    std::unique_ptr<engine::BillMaker> maker_;
};

inline result<std::unique_ptr<BillingDesk>> open_desk(const ConfigFlags& flags)
{
    RELEVE_TRY(opened, open_configured(flags));
    RELEVE_TRY(models, ModelRegistry::load(opened.config.models.dir));
    return std::make_unique<BillingDesk>(std::move(opened), std::move(models));
}

} // namespace releve::app
