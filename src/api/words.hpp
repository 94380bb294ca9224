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
    NamedWords{"gaps", {"Readings missing", "Relevés manquants", "Sends its readings, but some between them did not arrive.", "Envoie ses relevés, mais certains, entre d'autres, ne sont pas arrivés."}},
    NamedWords{"clock_drift", {"Clock is off", "Horloge décalée", "Its clock was wrong in the last 24 hours.", "Son horloge n'était pas à l'heure dans les dernières 24 heures."}},
    NamedWords{"key_fault", {"Key does not fit", "Clé qui ne convient pas", "Its messages cannot be opened with the key that is known here.", "Ses messages ne peuvent pas être ouverts avec la clé connue ici."}},
    NamedWords{"replay_alarm", {"Message repeated with a difference", "Message répété avec une différence", "A number that was used came again with another message: perhaps a copy of the meter.", "Un numéro déjà utilisé est revenu avec un autre message : peut-être une copie du compteur."}},
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
    NamedWords{"revisions", {"Versions of a reading", "Versions d'un relevé", "What was known of an interval, and who changed it.", "Ce qu'on savait d'un intervalle, et qui l'a changé."}},
    NamedWords{"totals", {"Totals", "Totaux", "Consumption by day, week, month or year.", "Consommation par jour, semaine, mois ou année."}},
    NamedWords{"group_totals", {"Totals of a group", "Totaux d'un groupe", "Counted into the totals of a group.", "Compté dans les totaux d'un groupe."}},
    NamedWords{"group_curve", {"Curve of a group", "Courbe d'un groupe", "Counted into the half-hours of a group.", "Compté dans les demi-heures d'un groupe."}},
    NamedWords{"correction", {"Correction", "Correction", "Somebody asked for values to be corrected or accepted.", "Quelqu'un a demandé de corriger ou d'accepter des valeurs."}},
    NamedWords{"checks", {"Checks of readings", "Contrôles des relevés", "Which readings are doubted, and why.", "Quels relevés sont mis en doute, et pourquoi."}},
    NamedWords{"coefficients", {"Conversion coefficients", "Coefficients de conversion", "How gas volume becomes energy.", "Comment le volume de gaz devient de l'énergie."}},
    NamedWords{"accesses", {"List of accesses", "Liste des accès", "Who looked at this data.", "Qui a consulté ces données."}},
    NamedWords{"bill", {"Bill", "Facture", "What some days cost, and why.", "Ce que coûtent des jours, et pourquoi."}},
    NamedWords{"bills", {"Bills", "Factures", "The bills that are kept.", "Les factures conservées."}},
    NamedWords{"index_reading", {"Own index told", "Index donné", "Somebody wrote down what the meter's display shows.", "Quelqu'un a noté ce qu'affiche le compteur."}},
    NamedWords{"index_readings", {"Own indexes", "Index donnés", "What people read off the meter's display.", "Ce que des personnes ont lu sur l'écran du compteur."}},
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

/// Who and what made a version of an interval: what was measured, what people did, and the names of engine::EstimationMethod.
inline constexpr std::array revision_methods{
    NamedWords{"measured", {"Measured", "Mesuré", "Sent by the meter.", "Envoyé par le compteur."}},
    NamedWords{"check", {"Checked", "Contrôlé", "A check of ours found the reading doubtful.", "Un de nos contrôles a trouvé le relevé douteux."}},
    NamedWords{"set", {"Corrected by hand", "Corrigé à la main", "Somebody put this value in the place of the reading.", "Quelqu'un a mis cette valeur à la place du relevé."}},
    NamedWords{"accept", {"Accepted", "Accepté", "Somebody looked at the doubtful reading and accepted it.", "Quelqu'un a examiné le relevé douteux et l'a accepté."}},
    NamedWords{"undo", {"Taken back", "Annulé", "Somebody took a correction back.", "Quelqu'un a annulé une correction."}},
    NamedWords{"linear", {"Straight line", "Ligne droite", "Estimated on a line between the readings before and after.", "Estimé sur une ligne entre les relevés d'avant et d'après."}},
    NamedWords{"like_day", {"Nearest similar day", "Jour semblable le plus proche", "Taken from the nearest day of the same weekday.", "Repris du même jour de la semaine le plus proche."}},
    NamedWords{"weekday_average", {"Mean of weekdays", "Moyenne des mêmes jours", "The mean of the same weekday in the weeks around.", "La moyenne du même jour des semaines voisines."}},
    NamedWords{"profile", {"Usual day", "Jour habituel", "The usual course of such a day, at the level of the days next to it.", "L'allure habituelle d'un tel jour, au niveau des jours voisins."}},
    NamedWords{"prorated", {"Spread from the index", "Réparti d'après l'index", "What the index counted in all, spread over the time.", "Ce que l'index a compté en tout, réparti dans le temps."}},
};

inline constexpr std::array severities{
    NamedWords{"note", {"Noted", "Noté", "Unusual, but the reading counts as it is.", "Inhabituel, mais le relevé compte tel quel."}},
    NamedWords{"doubt", {"Doubted", "Mis en doute", "The reading is doubtful until somebody has looked at it.", "Le relevé est douteux tant que personne ne l'a examiné."}},
};

inline constexpr std::array handling_steps{
    NamedWords{"taken", {"Taken", "Pris en charge", "Somebody looks after it.", "Quelqu'un s'en occupe."}},
    NamedWords{"noted", {"Noted", "Annoté", "Somebody wrote something about it.", "Quelqu'un a écrit une remarque."}},
    NamedWords{"closed", {"Closed", "Clos", "Nothing is left to be done.", "Il n'y a plus rien à faire."}},
    NamedWords{"reopened", {"Opened again", "Rouvert", "It was closed too early.", "Clos trop tôt."}},
};

inline constexpr std::array correction_states{
    NamedWords{"waiting", {"Waiting", "En attente", "Asked for; not carried out yet.", "Demandée ; pas encore effectuée."}},
    NamedWords{"done", {"Done", "Effectuée", "Readings show it.", "Visible dans les relevés."}},
    NamedWords{"refused", {"Refused", "Refusée", "It could not be carried out; the detail says why.", "Elle n'a pas pu être effectuée ; le détail dit pourquoi."}},
};

inline constexpr std::array job_states{
    NamedWords{"queued", {"Waiting", "En attente", "Begins when its turn comes.", "Commence quand vient son tour."}},
    NamedWords{"running", {"Running", "En cours", "Works through its meters.", "Parcourt ses compteurs."}},
    NamedWords{"stopped", {"Stopped", "Arrêté", "Stopped by an operator; can go on from there.", "Arrêté par un exploitant ; peut reprendre de là."}},
    NamedWords{"done", {"Done", "Terminé", "All its meters are done.", "Tous ses compteurs sont traités."}},
    NamedWords{"failed", {"Failed", "Échoué", "Ended by an error; the detail says which.", "Terminé par une erreur ; le détail dit laquelle."}},
};

inline constexpr std::array breach_kinds{
    NamedWords{"index", {"Readings and index differ", "Relevés et index en désaccord", "The readings of a day are not what the index moved by.", "Les relevés d'un jour ne font pas l'écart de l'index."}},
    NamedWords{"stored_total", {"Stored total is wrong", "Total enregistré faux", "A stored total is not what its readings come to.", "Un total enregistré n'est pas celui de ses relevés."}},
    NamedWords{"group", {"Group and members differ", "Groupe et membres en désaccord", "A group's total is not the sum of its members.", "Le total d'un groupe n'est pas la somme de ses membres."}},
};

inline constexpr std::array place_kinds{
    NamedWords{"concentrator", {"Concentrator", "Concentrateur", "What gathers the messages of meters nearby.", "Ce qui recueille les messages des compteurs voisins."}},
    NamedWords{"feeder", {"Feeder", "Départ", "A line of the grid that feeds several places.", "Une ligne du réseau qui alimente plusieurs lieux."}},
    NamedWords{"area", {"Area", "Secteur", "A part of the territory.", "Une partie du territoire."}},
};

inline constexpr std::array outage_causes{
    NamedWords{"power", {"Power lost", "Coupure de courant", "Meters said that they lost power.", "Des compteurs ont dit avoir perdu le courant."}},
    NamedWords{"link", {"Link lost", "Liaison perdue", "Nothing is heard any more; nobody said that power was lost.", "Plus rien ne s'entend ; personne n'a signalé de coupure."}},
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

template <std::size_t count>
[[nodiscard]] constexpr std::array<std::string_view, count> names_of(const std::array<NamedWords, count>& table)
{
    std::array<std::string_view, count> names;
    std::ranges::transform(table, names.begin(), &NamedWords::name);
    return names;
}

/// For the columns name.en, name.fr, plain.en and plain.fr of a listing; nulls without words.
[[nodiscard]] inline std::vector<Cell> words_cells(const std::optional<Words>& words)
{
    if (!words)
        return {no_cell(), no_cell(), no_cell(), no_cell()};
    return {text_cell(words->label_en), text_cell(words->label_fr), text_cell(words->plain_en), text_cell(words->plain_fr)};
}

} // namespace releve::api
