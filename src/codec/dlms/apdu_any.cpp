#include <releve/codec/dlms/apdu_any.hpp>

#include <releve/codec/dlms/security.hpp>

#include <algorithm>

namespace releve::dlms {

namespace {

struct NameRow {
    std::uint8_t tag;
    std::string_view name;
};
constexpr NameRow names[] = {
#define RELEVE_APDU(tag, name) {tag, name},
#include "apdu.def"
};

struct FormRow {
    std::uint8_t tag, choice;
    Form form;
    std::string_view suffix;
};
constexpr FormRow forms[] = {
    {0xc0, 1, Form::normal, "normal"},
    {0xc0, 2, Form::next, "next"},
    {0xc0, 3, Form::with_list, "with-list"},
    {0xc4, 1, Form::normal, "normal"},
    {0xc4, 2, Form::with_datablock, "with-datablock"},
    {0xc4, 3, Form::with_list, "with-list"},
    {0xc1, 1, Form::normal, "normal"},
    {0xc1, 2, Form::with_first_datablock, "with-first-datablock"},
    {0xc1, 3, Form::with_datablock, "with-datablock"},
    {0xc1, 4, Form::with_list, "with-list"},
    {0xc1, 5, Form::with_list_and_first_datablock, "with-list-and-first-datablock"},
    {0xc5, 1, Form::normal, "normal"},
    {0xc5, 2, Form::datablock, "datablock"},
    {0xc5, 3, Form::last_datablock, "last-datablock"},
    {0xc5, 4, Form::last_datablock_with_list, "last-datablock-with-list"},
    {0xc5, 5, Form::with_list, "with-list"},
    {0xc3, 1, Form::normal, "normal"},
    {0xc3, 2, Form::next, "next-pblock"},
    {0xc3, 3, Form::with_list, "with-list"},
    {0xc3, 4, Form::with_first_datablock, "with-first-pblock"},
    {0xc3, 5, Form::with_list_and_first_datablock, "with-list-and-first-pblock"},
    {0xc3, 6, Form::with_datablock, "with-pblock"},
    {0xc7, 1, Form::normal, "normal"},
    {0xc7, 2, Form::with_datablock, "with-pblock"},
    {0xc7, 3, Form::with_list, "with-list"},
    {0xc7, 4, Form::next, "next-pblock"},
};

constexpr bool has_list(Form form)
{
    return form == Form::with_list || form == Form::with_list_and_first_datablock ||
           form == Form::last_datablock_with_list;
}

/// Reads the parts that services share; all values of an APDU draw on one budget.
class ServiceReader {
public:
    explicit ServiceReader(ByteView apdu) : reader(apdu) {}

    Form form(std::uint8_t tag)
    {
        const std::uint8_t choice = reader.u8();
        const auto form = form_of(tag, choice);
        if (!reader.failed() && !form)
            reader.set_error(errc::unknown_apdu, "form " + std::to_string(choice) + " of " + std::string(apdu_name(tag)));
        return form.value_or(Form::normal);
    }

    bool choice(const char* what)
    {
        const std::uint8_t octet = reader.u8();
        if (octet > 1)
            reader.set_error(errc::bad_value, std::string(what) + " is neither 00 nor 01");
        return octet == 1 && !reader.failed();
    }

    std::size_t count()
    {
        const std::size_t announced = read_length(reader);
        if (announced > reader.remaining())
            reader.set_error(errc::truncated, "a list announces " + std::to_string(announced) + " elements");
        return reader.failed() ? 0 : announced;
    }

    template <class T, class Read>
    void list(bool many, std::vector<T>& to, Read read)
    {
        const std::size_t elements = many ? count() : 1;
        for (std::size_t i = 0; i < elements && !reader.failed(); ++i)
            to.push_back(read());
    }

    Descriptor descriptor()
    {
        Descriptor descriptor;
        descriptor.class_id = reader.u16_be();
        if (const ByteView obis = reader.take(6); !reader.failed())
            descriptor.obis = *obis_from_bytes(obis);
        descriptor.id = reader.i8();
        return descriptor;
    }

    SelectedAttribute target(bool method)
    {
        SelectedAttribute target{descriptor(), std::nullopt};
        if (!method && choice("access selection"))
            target.access = AccessSelection{reader.u8(), data()};
        return target;
    }

    Data data() { return read_data(reader, budget); }

    DataOrResult data_or_result()
    {
        DataOrResult value;
        if (choice("result"))
            value.access_result = reader.u8();
        else
            value.data = data();
        return value;
    }

    Bytes octets()
    {
        const ByteView bytes = reader.take(read_length(reader));
        return {bytes.begin(), bytes.end()};
    }

    DataBlock block(bool may_be_result)
    {
        DataBlock block;
        block.last = reader.u8() != 0;
        block.number = reader.u32_be();
        if (may_be_result && choice("result"))
            block.access_result = reader.u8();
        else
            block.raw = octets();
        return block;
    }

    DataBlock block_number()
    {
        DataBlock block;
        block.number = reader.u32_be();
        return block;
    }

    ActionResult action_result()
    {
        ActionResult action{reader.u8(), std::nullopt};
        if (choice("return parameters"))
            action.return_value = data_or_result();
        return action;
    }

    Reader reader;
    DataBudget budget;
};

result<AnyApdu> decode_request(ByteView apdu)
{
    ServiceReader in{apdu};
    ServiceRequest request;
    request.tag = in.reader.u8();
    request.form = in.form(request.tag);
    request.invoke_id.raw = in.reader.u8();
    const Form form = request.form;
    const bool action = request.tag == 0xc3;
    const bool many = has_list(form);
    if (form == Form::next) {
        request.block = in.block_number();
        return in.reader.finish(AnyApdu{std::move(request)});
    }
    if (form != Form::with_datablock)
        in.list(many, request.targets, [&] { return in.target(action); });
    if (form == Form::normal || form == Form::with_list) {
        // Only the one parameter of a plain action is optional; everywhere else data simply follows.
        const bool values = request.tag == 0xc1 || (action && (many || in.choice("parameters")));
        if (values)
            in.list(many, request.values, [&] { return in.data(); });
    } else {
        request.block = in.block(false);
    }
    return in.reader.finish(AnyApdu{std::move(request)});
}

void read_set_response(ServiceReader& in, ServiceResponse& response)
{
    const Form form = response.form;
    if (form != Form::datablock)
        in.list(has_list(form), response.results, [&] { return in.reader.u8(); });
    if (form == Form::datablock || form == Form::last_datablock || form == Form::last_datablock_with_list)
        response.block = in.block_number();
}

result<AnyApdu> decode_response(ByteView apdu)
{
    ServiceReader in{apdu};
    ServiceResponse response;
    response.tag = in.reader.u8();
    response.form = in.form(response.tag);
    response.invoke_id.raw = in.reader.u8();
    const bool many = has_list(response.form);
    if (response.tag == 0xc5)
        read_set_response(in, response);
    else if (response.form == Form::next)
        response.block = in.block_number();
    else if (response.form == Form::with_datablock)
        response.block = in.block(response.tag == 0xc4);
    else if (response.tag == 0xc4)
        in.list(many, response.values, [&] { return in.data_or_result(); });
    else
        in.list(many, response.actions, [&] { return in.action_result(); });
    return in.reader.finish(AnyApdu{std::move(response)});
}

result<AnyApdu> decode_ciphered(ByteView bytes)
{
    RELEVE_TRY(apdu, decode_ciphered_apdu(bytes));
    return AnyApdu{Ciphered{apdu.tag, apdu.system_title, apdu.security_control, apdu.invocation_counter,
                            Bytes{apdu.payload.begin(), apdu.payload.end()}}};
}

result<AnyApdu> decode_exception(ByteView apdu)
{
    Reader reader{apdu.subspan(1)};
    ExceptionResponse exception;
    exception.state = reader.u8();
    exception.service = reader.u8();
    static constexpr std::uint8_t invocation_counter_error = 6;
    if (exception.service == invocation_counter_error)
        exception.expected_counter = reader.u32_be();
    return reader.finish(AnyApdu{exception});
}

result<AnyApdu> decode_service_error(ByteView apdu)
{
    Reader reader{apdu.subspan(1)};
    ConfirmedServiceError error;
    error.service = reader.u8();
    error.error_type = reader.u8();
    error.error = reader.u8();
    return reader.finish(AnyApdu{error});
}

result<AnyApdu> decode_block(ByteView apdu)
{
    ServiceReader in{apdu.subspan(1)};
    GeneralBlock block;
    block.control = in.reader.u8();
    block.number = in.reader.u16_be();
    block.acknowledged = in.reader.u16_be();
    block.content = in.octets();
    return in.reader.finish(AnyApdu{std::move(block)});
}

template <class T>
result<AnyApdu> any(result<T> decoded)
{
    if (!decoded)
        return std::move(decoded).error();
    return AnyApdu{std::move(*decoded)};
}

} // namespace

std::string_view apdu_name(std::uint8_t tag)
{
    const auto row = std::ranges::find(names, tag, &NameRow::tag);
    return row == std::end(names) ? std::string_view{} : row->name;
}

std::optional<Form> form_of(std::uint8_t tag, std::uint8_t choice)
{
    for (const FormRow& row : forms)
        if (row.tag == tag && row.choice == choice)
            return row.form;
    return std::nullopt;
}

std::string form_name(std::uint8_t tag, Form form)
{
    for (const FormRow& row : forms)
        if (row.tag == tag && row.form == form)
            return std::string(apdu_name(tag)) + "-" + std::string(row.suffix);
    return std::string(apdu_name(tag));
}

result<AnyApdu> decode_any_apdu(ByteView apdu)
{
    if (apdu.empty())
        return fail(errc::truncated, "no APDU", 0);
    const auto tag = std::to_integer<std::uint8_t>(apdu[0]);
    if (is_ciphered_tag(tag))
        return decode_ciphered(apdu);
    switch (tag) {
    case 0x01: return any(decode_initiate_request(apdu));
    case 0x08: return any(decode_initiate_response(apdu));
    case 0x0e: return decode_service_error(apdu);
    case 0x0f: return any(decode_data_notification(apdu));
    case 0x10: return any(decode_data_notification_confirm(apdu));
    case 0xc2: return any(decode_event_notification(apdu));
    case 0x60:
    case 0x61:
    case 0x62:
    case 0x63: return any(decode_association(apdu));
    case 0xc0:
    case 0xc1:
    case 0xc3: return decode_request(apdu);
    case 0xc4:
    case 0xc5:
    case 0xc7: return decode_response(apdu);
    case 0xd8: return decode_exception(apdu);
    case 0xe0: return decode_block(apdu);
    default: break;
    }
    const std::string_view name = apdu_name(tag);
    return fail(errc::unknown_apdu,
                name.empty() ? "tag " + to_hex(apdu.first(1)) : std::string(name) + " is not taken apart", 0);
}

} // namespace releve::dlms
