#pragma once
// Words for people, in both languages, that belong to no table of proto/.

#include <releve/core/quantity.hpp>

#include <array>

namespace releve::api {

struct NamedWords {
    std::string_view name;
    Words words;
};

inline constexpr std::array meter_states{
    NamedWords{"on_time", {"On time", "À l'heure", "Sent its readings as expected.", "A envoyé ses relevés comme prévu."}},
    NamedWords{"silent", {"Silent", "Silencieux", "Has not sent anything for longer than expected.", "N'a rien envoyé depuis plus longtemps que prévu."}},
    NamedWords{"refused", {"Refused", "Refusé", "Sends messages, but they are refused.", "Envoie des messages, mais ils sont refusés."}},
    NamedWords{"never_seen", {"Never seen", "Jamais vu", "Registered, but nothing was received yet.", "Enregistré, mais rien n'a encore été reçu."}},
};

inline constexpr std::array roles{
    NamedWords{"operator", {"Operator", "Exploitant", "Runs the collection of readings.", "Fait fonctionner la collecte des relevés."}},
    NamedWords{"energy_manager", {"Energy manager", "Gestionnaire d'énergie", "Follows the consumption of sites.", "Suit la consommation des sites."}},
    NamedWords{"household", {"Household", "Foyer", "The person who lives there.", "La personne qui y habite."}},
    NamedWords{"auditor", {"Auditor", "Auditeur", "Checks who sees what; sees no consumption.", "Vérifie qui voit quoi ; ne voit aucune consommation."}},
};

inline constexpr std::array collections{
    NamedWords{"daily", {"Daily totals", "Totaux journaliers", "Only the total of each day is kept.", "Seul le total de chaque jour est conservé."}},
    NamedWords{"half_hour", {"Half-hours", "Demi-heures", "Every half-hour is kept.", "Chaque demi-heure est conservée."}},
};

inline constexpr std::array accessed{
    NamedWords{"daily", {"Daily totals", "Totaux journaliers", "Consumption of each day.", "Consommation de chaque jour."}},
    NamedWords{"readings", {"Detailed readings", "Relevés détaillés", "Consumption within the day.", "Consommation au fil de la journée."}},
    NamedWords{"usage_point", {"Usage point", "Point de livraison", "Address and settings.", "Adresse et réglages."}},
    NamedWords{"accesses", {"List of accesses", "Liste des accès", "Who looked at this data.", "Qui a consulté ces données."}},
};

} // namespace releve::api
