#include <releve/store/tariff_store.hpp>

#include "bill_rows.hpp"

namespace releve::store {

struct TariffStore::Impl {
    Session session;
    std::string key;

    template <class Body>
    auto transaction(Body body)
    {
        return session.transaction([&](Work& work) {
            work.run("SELECT set_config('releve.token', $1, true)", {key});
            return body(work);
        });
    }
};

TariffStore::TariffStore(DatabaseAddress address, std::string token_key)
    : impl_(std::make_unique<Impl>(Impl{Session{std::move(address), DbRole::api}, std::move(token_key)}))
{
}
TariffStore::~TariffStore() = default;

std::vector<TariffText> TariffStore::tariffs()
{
    return *impl_->transaction([&](Work& work) -> result<std::vector<TariffText>> { return load_tariffs(work, {}); });
}

result<bool> TariffStore::add(const TariffText& document)
{
    return impl_->transaction([&](Work& work) -> result<bool> {
        const std::string answer = work.run("SELECT releve_add_tariff($1, $2, $3::int4, $4)", {document.kind, document.id, document.edition, document.content})
                                       .at(0)
                                       .text(0);
        if (answer != "new" && answer != "same")
            return fail(errc::bad_tariff, "edition: " + answer + " of " + document.id + " is known; a changed document needs a greater one");
        return answer == "new";
    });
}

} // namespace releve::store
