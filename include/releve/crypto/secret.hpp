#pragma once
// Key material that wipes itself. Never printed, never compared in variable time, never copied by accident.

#include <releve/core/bytes.hpp>

#include <array>

namespace releve::crypto {

void wipe(void* memory, std::size_t size);
[[nodiscard]] bool equal_in_constant_time(ByteView a, ByteView b);

/// 16 bytes of an AES-128 key. Movable and copyable on purpose (tables of 100,000 keys), wiped when destroyed.
class Key128 {
public:
    Key128() = default;
    explicit Key128(std::span<const std::byte, 16> bytes);
    /// errc::bad_length unless 16 bytes.
    [[nodiscard]] static result<Key128> from(ByteView bytes);
    Key128(const Key128&) = default;
    Key128& operator=(const Key128&) = default;
    ~Key128() { wipe(bytes_.data(), bytes_.size()); }

    [[nodiscard]] std::span<const std::byte, 16> bytes() const { return bytes_; }
    [[nodiscard]] bool operator==(const Key128& other) const { return equal_in_constant_time(bytes_, other.bytes_); }

private:
    std::array<std::byte, 16> bytes_{};
};

/// A master key (AES-256) under which meter keys are stored.
class Key256 {
public:
    Key256() = default;
    [[nodiscard]] static result<Key256> from(ByteView bytes); // errc::bad_length unless 32 bytes
    Key256(const Key256&) = default;
    Key256& operator=(const Key256&) = default;
    ~Key256() { wipe(bytes_.data(), bytes_.size()); }
    [[nodiscard]] std::span<const std::byte, 32> bytes() const { return bytes_; }

private:
    std::array<std::byte, 32> bytes_{};
};

} // namespace releve::crypto
