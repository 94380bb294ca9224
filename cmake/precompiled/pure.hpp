#pragma once
// The standard library as every source uses it, and of ours what hardly changes.

#include <releve/core/bytes.hpp>
#include <releve/core/error.hpp>
#include <releve/core/time.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
