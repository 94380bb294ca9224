// The text of a settings file: refused with the line, or taken; and what is taken can be shown, read again,
// and said by flags, without a change.

#include <releve/app/config.hpp>

#include <releve/core/bytes.hpp>

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace releve;
    using namespace releve::app;
    Config config;
    const auto taken = apply_config_text(config, as_text(std::as_bytes(std::span{data, size})), "fuzz.toml");
    if (!taken) {
        RELEVE_ASSERT(taken.error().code == errc::bad_config &&
                      taken.error().detail.starts_with("fuzz.toml:"));
        return 0;
    }
    const std::string shown = show_config(config);
    Config again;
    RELEVE_ASSERT(apply_config_text(again, shown, "shown.toml"));
    RELEVE_ASSERT(show_config(again) == shown);
    ConfigSources flags;
    for (const Setting& setting : settings()) {
        RELEVE_ASSERT(setting.secret || setting.get(again) == setting.get(config));
        flags.flags.emplace_back(setting.key, setting.get(config));
    }
    const auto loaded = load_config(flags);
    RELEVE_ASSERT(loaded || loaded.error().code == errc::bad_config);
    if (loaded)
        for (const Setting& setting : settings())
            RELEVE_ASSERT(setting.key == "data_dir" || setting.key == "keys.master_key_file" ||
                          setting.get(*loaded) == setting.get(config));
    return 0;
}
