#pragma once
// Words for people, in both languages, that belong to no table of proto/.

#include <releve/api/listing.hpp>
#include <releve/core/quantity.hpp>

#include <algorithm>
#include <array>
#include <optional>

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
    NamedWords{"live", {"Live values", "Valeurs en direct", "What the household's own dongle says.", "Ce que dit le boîtier du foyer."}},
    NamedWords{"coefficients", {"Conversion coefficients", "Coefficients de conversion", "How gas volume becomes energy.", "Comment le volume de gaz devient de l'énergie."}},
    NamedWords{"accesses", {"List of accesses", "Liste des accès", "Who looked at this data.", "Qui a consulté ces données."}},
};

/// In the order of engine::RegisterFault::Kind.
inline constexpr std::array register_faults{
    NamedWords{"conflicting", {"Two values", "Deux valeurs", "Two values came for one instant; the better one counts.", "Deux valeurs sont arrivées pour un même instant ; la meilleure compte."}},
    NamedWords{"outside_installation", {"Not installed then", "Pas encore posé", "Read while the meter was not there; left out.", "Relevé alors que le compteur n'était pas là ; écarté."}},
    NamedWords{"out_of_range", {"Impossible index", "Index impossible", "An index that the register cannot show; left out.", "Un index que le compteur ne peut pas afficher ; écarté."}},
    NamedWords{"backwards", {"Index went backwards", "Index en recul", "The index was lower than before; the step is not counted.", "L'index était plus bas qu'avant ; cet écart n'est pas compté."}},
    NamedWords{"reset", {"Index began again", "Index remis à zéro", "The register began again near zero; the step is not counted.", "Le compteur est reparti de zéro ; cet écart n'est pas compté."}},
    NamedWords{"implausible_rollover", {"Index rolled over too far", "Retour à zéro douteux", "Past the last digit, but by more than is possible; the step is not counted.", "Au-delà du dernier chiffre, mais de plus que possible ; cet écart n'est pas compté."}},
    NamedWords{"unread_exchange", {"Exchange without an index", "Échange sans index", "A meter was exchanged without its last or first index; what was used meanwhile is not known.", "Un compteur a été échangé sans son dernier ou premier index ; la consommation entre les deux n'est pas connue."}},
};

inline constexpr std::array command_states{
    NamedWords{"queued", {"Waiting", "En attente", "Goes out when the meter listens next.", "Part quand le compteur écoutera."}},
    NamedWords{"sent", {"Sent", "Envoyée", "The meter has not answered yet.", "Le compteur n'a pas encore répondu."}},
    NamedWords{"done", {"Done", "Faite", "The meter did it.", "Le compteur l'a exécutée."}},
    NamedWords{"failed", {"Refused by the meter", "Refusée par le compteur", "The meter answered with an error.", "Le compteur a répondu par une erreur."}},
    NamedWords{"expired", {"Expired", "Expirée", "The meter did not answer in time.", "Le compteur n'a pas répondu à temps."}},
    NamedWords{"cancelled", {"Cancelled", "Annulée", "Taken back by an operator.", "Retirée par un exploitant."}},
};

/// What we say of a meter beside the alarms that its model lists.
inline constexpr std::array event_kinds{
    NamedWords{"clock_alarm", {"Clock is off", "Horloge décalée", "The meter's clock is further off than its model allows.", "L'horloge du compteur est plus décalée que son modèle ne l'admet."}},
    NamedWords{"installation_ping", {"Installer's test", "Essai de pose", "An installer asked whether the network hears this meter.", "Un installateur a demandé si le réseau entend ce compteur."}},
};

/// What a dongle says, by its label.
inline constexpr std::array live_labels{
#define RELEVE_TIC(label, mode, kind, unit, scaler, has_horodate, live, ...) NamedWords{label, {__VA_ARGS__}},
#include "tic.def"
};

template <std::size_t count>
[[nodiscard]] std::optional<Words> find_words(const std::array<NamedWords, count>& table, std::string_view name)
{
    const auto found = std::ranges::find(table, name, &NamedWords::name);
    return found == table.end() ? std::nullopt : std::optional{found->words};
}

/// For the columns name.en, name.fr, plain.en and plain.fr of a listing; nulls without words.
[[nodiscard]] inline std::vector<Cell> words_cells(const std::optional<Words>& words)
{
    if (!words)
        return {no_cell(), no_cell(), no_cell(), no_cell()};
    return {text_cell(words->label_en), text_cell(words->label_fr), text_cell(words->plain_en), text_cell(words->plain_fr)};
}

} // namespace releve::api
