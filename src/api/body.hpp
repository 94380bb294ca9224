#pragma once
// What a POST brings: one flat JSON object of texts and lists of numbers. Numbers are kept as their digits, so nothing passes
// through a binary float. Errors name the member: errc::bad_parameter, or errc::malformed for what is no JSON object at all.

#include <releve/core/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace releve::api {

class Body {
public:
    /// `members`: the names that are taken, separated by spaces; others, and one that comes twice, are refused.
    [[nodiscard]] static result<Body> read(std::string_view json, std::string_view members);

    [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
    struct Size {
        std::size_t min = 0, max = 0; // characters, not bytes; with a min of 0 the member may be absent
    };
    /// One line: no control characters.
    [[nodiscard]] result<std::string> text(std::string_view name, Size size) const;
    /// Digits as they were sent. Empty when absent.
    [[nodiscard]] result<std::vector<std::string>> numbers(std::string_view name, std::size_t count_max) const;

    enum class Kind : std::uint8_t { text, numbers, other };
    struct Member {
        std::string name;
        Kind kind = Kind::other;
        std::string text{};
        std::vector<std::string> numbers{};
    };

private:
    [[nodiscard]] const Member* find(std::string_view name) const;
    std::vector<Member> members_;
};

/// "230.1" with scaler -1 as 2301: exactly. errc::bad_value: no plain decimal number, digits below the scaler, or beyond 64
/// bits.
[[nodiscard]] result<std::int64_t> parse_scaled(std::string_view digits, int scaler);

} // namespace releve::api
