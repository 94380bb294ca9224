#pragma once
// Frames to decode: the accepted ones of tests/vectors/tic.json, and those captured from a real meter.

#include <releve/codec/tic/frame.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace releve::tic::test {

/// The hexadecimal inputs of this name, of the vectors that must be accepted or of those that must be refused: the file has
/// a vector a line.
inline std::vector<Bytes> load_inputs(const std::string& name, bool accepted = true)
{
    std::ifstream file(std::string{RELEVE_SOURCE_DIR} + "/tests/vectors/tic.json");
    const std::string before = "\"" + name + "\": \"", verdict = std::string{"\"accept\": "} + (accepted ? "true" : "false");
    std::vector<Bytes> inputs;
    for (std::string line; std::getline(file, line);) {
        const std::size_t at = line.find(before);
        if (at == std::string::npos || line.find(verdict) == std::string::npos)
            continue;
        const std::size_t from = at + before.size();
        inputs.push_back(from_hex(line.substr(from, line.find('"', from) - from)).value());
    }
    EXPECT_FALSE(inputs.empty()) << name;
    return inputs;
}

/// Seven frames of a Linky in historic mode under the Tempo option, one after another.
inline Bytes load_captured()
{
    std::ifstream file(std::string{RELEVE_SOURCE_DIR} + "/tests/data/tic-historic-tempo.bin", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_FALSE(text.empty());
    const ByteView bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

inline Bytes bytes_of(std::string_view text)
{
    const ByteView bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

inline Bytes flip_bit(ByteView bytes, std::size_t bit)
{
    Bytes copy(bytes.begin(), bytes.end());
    copy[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    return copy;
}

/// As a line with even parity sends them.
inline Bytes with_parity(ByteView bytes)
{
    Bytes copy(bytes.begin(), bytes.end());
    for (std::byte& octet : copy)
        if (std::popcount(std::to_integer<unsigned>(octet)) % 2)
            octet |= std::byte{0x80};
    return copy;
}

} // namespace releve::tic::test
