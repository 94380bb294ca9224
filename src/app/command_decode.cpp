// releve decode <hex> [--wize] [--key HEX|@FILE] [--auth-key HEX|@FILE] [--network-key HEX|@FILE] [--system-title HEX] [--json]

#include <releve/app/command.hpp>
#include <releve/app/command_line.hpp>
#include <releve/app/describe.hpp>
#include <releve/app/environment.hpp>
#include <releve/app/model_files.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

namespace releve::app {

namespace {

struct DecodeArguments {
    std::vector<std::string> input; // hexadecimal, perhaps in several words, or one @file
    std::string key, authentication_key, network_key, system_title, model, models_dir;
    bool json = false, wize = false;
};

result<Bytes> read_hex_file(const std::string& name)
{
    std::ifstream file{name};
    if (!file)
        return fail(errc::not_found_file, name);
    return from_hex(std::string{std::istreambuf_iterator<char>{file}, {}});
}

result<Bytes> read_input(const std::vector<std::string>& words)
{
    if (words.size() == 1 && words[0].starts_with('@'))
        return read_hex_file(words[0].substr(1));
    std::string text;
    for (const std::string& word : words)
        text += word + ' ';
    return from_hex(text);
}

/// The errors name the option and never repeat what was given. From a file, so that a key need not stand where every
/// user of the machine reads it: among the arguments of a process.
result<std::optional<crypto::Key128>> read_key(const std::string& text, const char* option)
{
    if (text.empty())
        return std::optional<crypto::Key128>{};
    const auto bytes = text.starts_with('@') ? read_hex_file(text.substr(1)) : from_hex(text);
    const auto key = bytes ? crypto::Key128::from(*bytes) : result<crypto::Key128>{bytes.error()};
    if (!key)
        return fail(key.error().code, std::string(option) + ": " + key.error().detail);
    return std::optional{*key};
}

result<DecodeKeys> read_keys(const DecodeArguments& arguments)
{
    DecodeKeys keys;
    RELEVE_TRY(encryption, read_key(arguments.key, "--key"));
    RELEVE_TRY(authentication, read_key(arguments.authentication_key, "--auth-key"));
    keys.encryption = encryption;
    keys.authentication = authentication;
    if (!arguments.system_title.empty()) {
        RELEVE_TRY(bytes, from_hex(arguments.system_title));
        if (bytes.size() != std::tuple_size_v<SystemTitle>)
            return fail(errc::bad_length, "--system-title has 8 bytes");
        std::ranges::copy(bytes, keys.system_title.emplace().begin());
    }
    return keys;
}

result<FrameDescription> describe_dlms(ByteView input, const DecodeArguments& arguments)
{
    if (!arguments.network_key.empty())
        return fail(errc::bad_value, "--network-key: only with --wize");
    RELEVE_TRY(keys, read_keys(arguments));
    RELEVE_TRY(models, ModelRegistry::load(arguments.models_dir));
    const std::string name = arguments.model.empty() ? "linky" : arguments.model;
    const MeterModel* model = models.find(name);
    if (model == nullptr || model->protocol != "dlms")
        return fail(errc::bad_model, "--model: there is no DLMS model `" + name + "`");
    return describe_frame(input, keys, model);
}

result<FrameDescription> describe_wize_frame(ByteView input, const DecodeArguments& arguments)
{
    if (!arguments.authentication_key.empty() || !arguments.system_title.empty())
        return fail(errc::bad_value, "--auth-key and --system-title: not with --wize");
    RELEVE_TRY(models, ModelRegistry::load(arguments.models_dir));
    const std::string name = arguments.model.empty() ? "releve-gas" : arguments.model;
    const MeterModel* model = models.find(name);
    if (model == nullptr || model->protocol != "wize")
        return fail(errc::bad_model, "--model: there is no Wize model `" + name + "`");
    RELEVE_TRY(device, read_key(arguments.key, "--key"));
    RELEVE_TRY(network, read_key(arguments.network_key, "--network-key"));
    return describe_wize(input, {device, network}, model);
}

int complain_once(const Error& error)
{
    std::cerr << "releve: " << to_string(error) << "\n";
    return 2;
}

} // namespace

int run_decode(std::span<const std::string> words)
{
    CLI::App cli{"Prints a frame layer by layer: of DLMS wrapper, ciphering, APDU and data, or of Wize.", "releve decode"};
    DecodeArguments arguments;
    cli.add_option("HEX", arguments.input, "The frame in hexadecimal, spaces allowed, or @FILE")->required();
    cli.add_option("--key", arguments.key, "Encryption key (GUEK, or the dedicated key); of Wize the device's Kenc")->type_name("HEX|@FILE");
    cli.add_option("--auth-key", arguments.authentication_key, "Authentication key (GAK)")->type_name("HEX|@FILE");
    cli.add_option("--system-title", arguments.system_title, "Of the sender, where the frame names none")->type_name("HEX");
    cli.add_flag("--wize", arguments.wize, "A Wize exchange frame, not DLMS");
    cli.add_option("--network-key", arguments.network_key, "Of Wize: the network's Kmac")->type_name("HEX|@FILE");
    cli.add_option("--model", arguments.model,
                   "The model that explains a Wize message (releve-gas) or the events of a DLMS meter (linky)");
    cli.add_option("--models-dir", arguments.models_dir, "Folder of further meter models");
    cli.add_flag("--json", arguments.json, "JSON instead of text");
    if (const auto code = parse_arguments(cli, words))
        return *code;
    const auto input = read_input(arguments.input);
    if (!input)
        return complain_once(input.error());
    if (input->empty())
        return complain_once(fail(errc::truncated, "nothing to decode"));
    protect_memory();
    const auto frame = arguments.wize ? describe_wize_frame(*input, arguments) : describe_dlms(*input, arguments);
    if (!frame)
        return complain_once(frame.error());
    if (arguments.json)
        std::cout << to_json(*frame).dump(2) << "\n";
    else
        std::cout << to_text(*frame);
    return frame->problem ? 1 : 0;
}

} // namespace releve::app
