#pragma once
// For tests.

#include "pure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
