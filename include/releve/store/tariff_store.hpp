#pragma once
// Documents of tariffs, added by somebody with a token: as role releve_api, under the rights of that token.

#include <releve/store/billing_records.hpp>
#include <releve/store/database.hpp>

#include <memory>

namespace releve::store {

class TariffStore {
public:
    TariffStore(DatabaseAddress address, std::string token_key);
    ~TariffStore();

    /// The latest of each, by id.
    [[nodiscard]] std::vector<TariffText> tariffs();
    /// True: it was added and holds for bills that are made from now on. False: it was there already. errc::bad_tariff: the edition is
    /// not greater than the one that it would supersede.
    [[nodiscard]] result<bool> add(const TariffText& document);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace releve::store
