#pragma once
// Any APDU of IEC 62056-5-3 that a frame may hold, taken apart for people: what `releve decode` and the vectors need.
// Values only: nothing is deciphered, answered or remembered. The push path uses apdu.hpp.

#include <releve/codec/dlms/apdu.hpp>
#include <releve/core/ids.hpp>

#include <optional>
#include <variant>
#include <vector>

namespace releve::dlms {

/// invoke-id-and-priority: bits 0-3 id, bit 6 confirmed, bit 7 high priority.
struct InvokeId {
    std::uint8_t raw = 0;
    [[nodiscard]] unsigned id() const { return raw & 0x0fU; }
    [[nodiscard]] bool confirmed() const { return (raw & 0x40) != 0; }
    [[nodiscard]] bool high_priority() const { return (raw & 0x80) != 0; }
};

/// class(2) OBIS(6) id(1) of an attribute or a method.
struct Descriptor {
    std::uint16_t class_id = 0;
    Obis obis;
    std::int8_t id = 0;
};
struct AccessSelection {
    std::uint8_t selector = 0;
    Data parameters;
};
struct SelectedAttribute {
    Descriptor attribute;
    std::optional<AccessSelection> access;
};
/// 00 Data | 01 data-access-result
struct DataOrResult {
    std::optional<Data> data;
    std::uint8_t access_result = 0; // without data
};
/// last(1) number(4), then raw bytes or, in a get-response, a data-access-result.
struct DataBlock {
    bool last = false;
    std::uint32_t number = 0;
    std::optional<Bytes> raw;
    std::uint8_t access_result = 0;
};

/// How a service's request or response is shaped; the octet after the tag tells, with another meaning for each tag.
enum class Form : std::uint8_t {
    normal,
    next,                // get: number only; action: next-pblock
    with_list,
    with_datablock,      // action: with-pblock
    with_first_datablock,
    with_list_and_first_datablock,
    datablock,           // set-response: number only
    last_datablock,
    last_datablock_with_list,
};

/// get, set and action requests. What a form does not have is empty.
struct ServiceRequest {
    std::uint8_t tag = 0; // c0, c1, c3
    Form form = Form::normal;
    InvokeId invoke_id;
    std::vector<SelectedAttribute> targets; // methods have no access selection
    std::vector<Data> values;               // data of a set, parameters of an action
    std::optional<DataBlock> block;         // raw is empty in `next`
};
struct ActionResult {
    std::uint8_t result = 0;
    std::optional<DataOrResult> return_value;
};
struct ServiceResponse {
    std::uint8_t tag = 0; // c4, c5, c7
    Form form = Form::normal;
    InvokeId invoke_id;
    std::vector<DataOrResult> values;     // get
    std::vector<std::uint8_t> results;    // set: data-access-results
    std::vector<ActionResult> actions;    // action
    std::optional<DataBlock> block;
};

struct InitiateRequest {
    Bytes dedicated_key; // empty: none
    bool response_allowed = true;
    std::optional<std::int8_t> quality_of_service;
    std::uint8_t dlms_version = 6;
    std::uint32_t conformance = 0; // 24 bits
    std::uint16_t max_receive_pdu_bytes = 0;
};
struct InitiateResponse {
    std::optional<std::int8_t> quality_of_service;
    std::uint8_t dlms_version = 6;
    std::uint32_t conformance = 0;
    std::uint16_t max_receive_pdu_bytes = 0;
    std::uint16_t vaa_name = 7;
};
struct ConfirmedServiceError {
    std::uint8_t service = 0, error_type = 0, error = 0;
};
struct ExceptionResponse {
    std::uint8_t state = 0, service = 0;
    std::optional<std::uint32_t> expected_counter; // service 6, invocation-counter-error
};

/// AARQ, AARE, RLRQ, RLRE: the BER fields in order, and those that have a meaning here.
struct Association {
    struct Field {
        std::uint8_t tag = 0;
        Bytes content;
    };
    struct Diagnostic {
        bool from_provider = false;
        std::uint8_t value = 0;
    };
    std::uint8_t tag = 0;
    std::vector<Field> fields;
    std::optional<std::uint8_t> application_context, mechanism, result, reason;
    std::optional<Diagnostic> diagnostic;
    std::optional<SystemTitle> system_title; // of the sender
    std::optional<Bytes> authentication_value, user_information;
};

/// A ciphered APDU that owns its bytes; security.hpp opens it.
struct Ciphered {
    std::uint8_t tag = 0;
    std::optional<SystemTitle> system_title;
    std::uint8_t security_control = 0;
    std::uint32_t invocation_counter = 0;
    Bytes payload;
};
struct GeneralBlock {
    std::uint8_t control = 0;
    std::uint16_t number = 0, acknowledged = 0;
    Bytes content;
};

using AnyApdu = std::variant<DataNotification, DataNotificationConfirm, EventNotification, ServiceRequest, ServiceResponse,
                             InitiateRequest, InitiateResponse, ConfirmedServiceError, ExceptionResponse, Association,
                             Ciphered, GeneralBlock>;

/// errc::unknown_apdu for a tag that is none, or one of those that are named but not taken apart (access, signing).
[[nodiscard]] result<AnyApdu> decode_any_apdu(ByteView apdu);
/// "get-request", empty if there is none.
[[nodiscard]] std::string_view apdu_name(std::uint8_t tag);
/// The octet after the tag as a form; nothing if the service has none of this number.
[[nodiscard]] std::optional<Form> form_of(std::uint8_t tag, std::uint8_t choice);
/// "get-response-with-datablock".
[[nodiscard]] std::string form_name(std::uint8_t tag, Form form);

/// BER and initiate APDUs; part of decode_any_apdu.
[[nodiscard]] result<Association> decode_association(ByteView apdu);
[[nodiscard]] result<InitiateRequest> decode_initiate_request(ByteView apdu);
[[nodiscard]] result<InitiateResponse> decode_initiate_response(ByteView apdu);

} // namespace releve::dlms
