#pragma once
// Every bound of the product that is not a setting. A setting's default is in app/config.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace releve::limits {

inline constexpr unsigned nesting_max = 32;                 // A-XDR levels
inline constexpr std::size_t data_elements_max = 65'536;    // A-XDR elements in one APDU
inline constexpr std::size_t apdu_bytes_max = 65'535;       // one wrapper message (its length field)
inline constexpr std::size_t assembled_bytes_max = 262'144; // an APDU put together from general-block-transfer
inline constexpr unsigned blocks_max = 1'024;               // blocks of one general-block-transfer
inline constexpr unsigned slots_per_day_max = 300;          // 5-minute steps on the 25-hour day
inline constexpr unsigned register_reads_per_day_max = 96;
inline constexpr std::size_t block_bytes_max = 4'096;       // a stored channel-day
inline constexpr unsigned days_per_frame_max = 62;
inline constexpr unsigned replay_window = 64;
inline constexpr std::chrono::hours future_max{24};         // an accepted reading lies at most this far ahead
inline constexpr std::size_t frames_per_batch_max = 1'000;
inline constexpr std::size_t quarantine_frame_bytes_max = 65'535;

} // namespace releve::limits
