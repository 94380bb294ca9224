// The APDUs that open and close an association: AARQ, AARE, RLRQ, RLRE in BER, and the initiate APDUs they carry.

#include <releve/codec/dlms/apdu_any.hpp>

#include <algorithm>
#include <array>

namespace releve::dlms {

namespace {

constexpr std::uint8_t aarq = 0x60, aare = 0x61, rlrq = 0x62, rlre = 0x63;
constexpr std::uint8_t present = 0x01;

/// The content of the only element `tag length content` in `bytes`.
std::optional<ByteView> inner(ByteView bytes, std::uint8_t tag)
{
    Reader reader{bytes};
    if (reader.u8() != tag)
        return std::nullopt;
    const auto content = reader.finish(reader.take(read_length(reader)));
    return content ? std::optional{*content} : std::nullopt;
}

/// What may follow the dotted prefix 2.16.756.5.8: an object identifier of DLMS, of which the last octet counts.
std::optional<std::uint8_t> identifier(ByteView oid, std::uint8_t arc)
{
    const Bytes prefix{std::byte{0x60}, std::byte{0x85}, std::byte{0x74}, std::byte{0x05}, std::byte{0x08}, std::byte{arc}};
    if (oid.size() != prefix.size() + 1 || !std::ranges::equal(oid.first(prefix.size()), prefix))
        return std::nullopt;
    return std::to_integer<std::uint8_t>(oid.back());
}

std::optional<std::uint8_t> small_integer(ByteView bytes)
{
    const auto content = inner(bytes, 0x02);
    return content && content->size() == 1 ? std::optional{std::to_integer<std::uint8_t>(content->front())} : std::nullopt;
}

std::optional<Bytes> copy(const std::optional<ByteView>& bytes)
{
    return bytes ? std::optional{Bytes{bytes->begin(), bytes->end()}} : std::nullopt;
}

std::optional<SystemTitle> title(const std::optional<ByteView>& bytes)
{
    if (!bytes || bytes->size() != std::tuple_size_v<SystemTitle>)
        return std::nullopt;
    SystemTitle title;
    std::ranges::copy(*bytes, title.begin());
    return title;
}

/// What a field means; one whose content is not as expected stays a field without a meaning. False if it says
/// something that must be understood and is not.
bool interpret(Association& apdu, std::uint8_t tag, ByteView content)
{
    switch (tag) {
    case 0x80:
        if (content.size() == 1 && (apdu.tag == rlrq || apdu.tag == rlre))
            apdu.reason = std::to_integer<std::uint8_t>(content[0]);
        return true;
    case 0xa1: {
        const auto oid = inner(content, 0x06);
        apdu.application_context = oid ? identifier(*oid, 1) : std::nullopt;
        return apdu.application_context.has_value();
    }
    case 0xa2:
        if (apdu.tag == aare)
            apdu.result = small_integer(content);
        return apdu.tag != aare || apdu.result;
    case 0xa3:
        if (apdu.tag != aare)
            return true;
        for (const bool provider : {false, true})
            if (const auto part = inner(content, provider ? 0xa2 : 0xa1))
                if (const auto value = small_integer(*part))
                    apdu.diagnostic = Association::Diagnostic{provider, *value};
        return apdu.diagnostic.has_value();
    case 0xa4:
    case 0xa6:
        if (tag == (apdu.tag == aare ? 0xa4 : 0xa6))
            apdu.system_title = title(inner(content, 0x04));
        return true;
    case 0x89:
    case 0x8b:
        apdu.mechanism = identifier(content, 2);
        return apdu.mechanism.has_value();
    case 0xaa:
    case 0xac:
        apdu.authentication_value = copy(inner(content, 0x80));
        return true;
    case 0xbe:
        apdu.user_information = copy(inner(content, 0x04));
        return apdu.user_information.has_value();
    default: return true;
    }
}

std::uint32_t read_conformance(Reader& reader)
{
    if (reader.u16_be() != 0x5f1f || reader.u16_be() != 0x0400)
        reader.set_error(errc::bad_value, "conformance block does not begin with 5f1f0400");
    const std::uint32_t high = reader.u8();
    return high << 16 | reader.u16_be();
}

bool read_presence(Reader& reader, const char* what)
{
    const std::uint8_t octet = reader.u8();
    if (octet > present)
        reader.set_error(errc::bad_value, std::string(what) + " is neither absent nor present");
    return octet == present && !reader.failed();
}

std::optional<std::int8_t> read_quality_of_service(Reader& reader)
{
    return read_presence(reader, "quality of service") ? std::optional{reader.i8()} : std::nullopt;
}

} // namespace

result<Association> decode_association(ByteView bytes)
{
    Reader reader{bytes};
    Association apdu;
    apdu.tag = reader.u8();
    if (!reader.failed() && (apdu.tag < aarq || apdu.tag > rlre))
        reader.set_error(errc::unknown_apdu, "not an association APDU");
    const std::size_t length = read_length(reader);
    // A release-response of a widely used stack announces fewer bytes than it has; its fields tell where it ends.
    const bool lenient = apdu.tag == rlre && length < reader.remaining() && length > 0;
    if (!lenient && length != reader.remaining())
        reader.set_error(length > reader.remaining() ? errc::truncated : errc::trailing_bytes);
    while (reader.remaining() > 0) {
        const std::uint8_t tag = reader.u8();
        const ByteView content = reader.take(read_length(reader));
        if (reader.failed())
            break;
        apdu.fields.push_back({tag, Bytes{content.begin(), content.end()}});
        if (!interpret(apdu, tag, content))
            reader.set_error(errc::bad_value, "content of field " + to_hex(std::array{std::byte{tag}}));
    }
    return reader.finish(std::move(apdu));
}

result<InitiateRequest> decode_initiate_request(ByteView apdu)
{
    Reader reader{apdu.subspan(std::min<std::size_t>(1, apdu.size()))};
    InitiateRequest request;
    if (read_presence(reader, "dedicated key")) {
        const ByteView key = reader.take(read_length(reader));
        request.dedicated_key.assign(key.begin(), key.end());
    }
    if (read_presence(reader, "response-allowed"))
        request.response_allowed = reader.u8() != 0;
    request.quality_of_service = read_quality_of_service(reader);
    request.dlms_version = reader.u8();
    request.conformance = read_conformance(reader);
    request.max_receive_pdu_bytes = reader.u16_be();
    return reader.finish(std::move(request));
}

result<InitiateResponse> decode_initiate_response(ByteView apdu)
{
    Reader reader{apdu.subspan(std::min<std::size_t>(1, apdu.size()))};
    InitiateResponse response;
    response.quality_of_service = read_quality_of_service(reader);
    response.dlms_version = reader.u8();
    response.conformance = read_conformance(reader);
    response.max_receive_pdu_bytes = reader.u16_be();
    response.vaa_name = reader.u16_be();
    return reader.finish(response);
}

} // namespace releve::dlms
