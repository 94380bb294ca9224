// The APDUs that open and close an association, as examples of the Green Book and of real stacks have them.

#include <releve/codec/dlms/apdu_any.hpp>

#include <gtest/gtest.h>

namespace releve::dlms {
namespace {

Bytes hex(std::string_view text)
{
    return *from_hex(text);
}

/// A whole APDU of the fields given.
result<Association> decode(std::string_view tag, std::string_view fields)
{
    const Bytes content = hex(fields);
    Writer writer;
    writer.bytes(hex(tag)).u8(static_cast<std::uint8_t>(content.size())).bytes(content);
    return decode_association(writer.view());
}
errc refusal(std::string_view tag, std::string_view fields)
{
    const auto decoded = decode(tag, fields);
    EXPECT_FALSE(decoded) << fields;
    return decoded ? errc::internal : decoded.error().code;
}

const std::string high_security =
    "6066a109060760857405080103a60a04084d4d4d0000bc614e8a0207808b0760857405080201ac0a"
    "80083132333435363738be34043221303001234567801302ff8a7874133d414ced25b42534d28db0"
    "047720606b175bd52211be6841db204d39ee6fdb8e356855";

TEST(Association, a_request_says_who_asks_and_how)
{
    const auto apdu = decode_association(hex(high_security));
    ASSERT_TRUE(apdu) << to_string(apdu.error());
    EXPECT_EQ(apdu->tag, 0x60);
    EXPECT_EQ(apdu->application_context, 3);
    EXPECT_EQ(apdu->mechanism, 1);
    EXPECT_EQ(to_hex(*apdu->system_title), "4d4d4d0000bc614e");
    EXPECT_EQ(as_text(*apdu->authentication_value), "12345678");
    EXPECT_EQ(apdu->user_information->front(), std::byte{0x21});
    EXPECT_EQ(apdu->fields.size(), 6U);
    EXPECT_FALSE(apdu->result || apdu->diagnostic || apdu->reason);
}

TEST(Association, a_response_says_whether_and_why_not)
{
    const auto refused =
        decode_association(hex("611fa109060760857405080101a203020101a305a103020101be0604040e010601"));
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->result, 1);
    EXPECT_FALSE(refused->diagnostic->from_provider);
    EXPECT_EQ(refused->diagnostic->value, 1);
    EXPECT_EQ(*refused->user_information, hex("0e010601"));
    const auto by_provider = decode("61", "a203020102 a305a203020102");
    EXPECT_TRUE(by_provider->diagnostic->from_provider);
    EXPECT_EQ(by_provider->diagnostic->value, 2);
    const auto challenged = decode("61", "a203020100 88020780 890760857405080205 aa0a8008503677524a323146");
    EXPECT_EQ(challenged->mechanism, 5);
    EXPECT_EQ(as_text(*challenged->authentication_value), "P6wRJ21F");
    EXPECT_EQ(decode("62", "800100")->reason, 0);
    EXPECT_EQ(decode("63", "800101")->reason, 1);
}

TEST(Association, a_field_means_something_only_where_it_belongs)
{
    EXPECT_FALSE(decode("60", "800100")->reason); // of a release only
    EXPECT_FALSE(decode("60", "a203020101")->result);
    EXPECT_FALSE(decode("60", "a305a103020101")->diagnostic);
    const std::string title = "0a04084d4d4d0000bc614e";
    EXPECT_TRUE(decode("60", "a6" + title)->system_title);
    EXPECT_FALSE(decode("60", "a4" + title)->system_title);
    EXPECT_TRUE(decode("61", "a4" + title)->system_title);
    EXPECT_FALSE(decode("61", "a6" + title)->system_title);
    EXPECT_FALSE(decode("60", "a60504034d4d4d")->system_title); // three bytes are no title
    EXPECT_FALSE(decode("60", "ac028100")->authentication_value);
}

TEST(Association, what_must_be_understood_and_is_not_is_refused)
{
    EXPECT_EQ(refusal("60", "a109060760857405080201"), errc::bad_value); // an identifier of something else
    EXPECT_EQ(refusal("60", "a10a06086085740508010101"), errc::bad_value);
    EXPECT_EQ(refusal("60", "8b0760857405080105"), errc::bad_value);
    EXPECT_EQ(refusal("60", "be020500"), errc::bad_value);
    EXPECT_EQ(refusal("60", "be0404010000"), errc::bad_value); // longer than what it says to hold
    EXPECT_EQ(refusal("61", "a20402020100"), errc::bad_value);
    EXPECT_EQ(refusal("61", "a305a403020101"), errc::bad_value);
    EXPECT_EQ(decode("60", "a103060160").error().detail, "content of field a1");
    EXPECT_EQ(decode_association(hex("0f00")).error().code, errc::unknown_apdu);
    EXPECT_EQ(decode_association({}).error().code, errc::truncated);
    const Bytes whole = hex(high_security);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode_association(ByteView{whole}.first(size))) << size;
}

TEST(Initiate, a_request_with_and_without_a_dedicated_key)
{
    const auto plain = decode_initiate_request(hex("01000000065f1f0400007e1f04b0"));
    ASSERT_TRUE(plain);
    EXPECT_TRUE(plain->dedicated_key.empty() && plain->response_allowed && !plain->quality_of_service);
    EXPECT_EQ(plain->dlms_version, 6);
    EXPECT_EQ(plain->conformance, 0x7e1fU);
    EXPECT_EQ(plain->max_receive_pdu_bytes, 1200);
    const std::string text = "01011000112233445566778899aabbccddeeff 0100 0105 06 5f1f0400007e1f 04b0";
    const auto keyed = decode_initiate_request(hex(text));
    ASSERT_TRUE(keyed);
    EXPECT_EQ(keyed->dedicated_key.size(), 16U);
    EXPECT_FALSE(keyed->response_allowed);
    EXPECT_EQ(keyed->quality_of_service, 5);
    const Bytes whole = hex(text);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_EQ(decode_initiate_request(ByteView{whole}.first(size)).error().code, errc::truncated) << size;
}

TEST(Initiate, a_response_tells_what_the_meter_can)
{
    const auto apdu = decode_any_apdu(hex("080100065f1f0400001e1d04c80007"));
    ASSERT_TRUE(apdu && std::holds_alternative<InitiateResponse>(*apdu));
    const auto& response = std::get<InitiateResponse>(*apdu);
    EXPECT_EQ(response.quality_of_service, 0);
    EXPECT_EQ(response.conformance, 0x1e1dU);
    EXPECT_EQ(response.max_receive_pdu_bytes, 1224);
    EXPECT_EQ(response.vaa_name, 7);
}

TEST(Initiate, other_octets_are_named)
{
    EXPECT_EQ(decode_initiate_request(hex("01020000065f1f0400007e1f04b0")).error().detail,
              "dedicated key is neither absent nor present");
    EXPECT_EQ(decode_initiate_request(hex("01000000065f1e0400007e1f04b0")).error().code, errc::bad_value);
    EXPECT_EQ(decode_initiate_request(hex("01000000065f1f0300007e1f04b0")).error().code, errc::bad_value);
    EXPECT_EQ(decode_initiate_response(hex("0802065f1f040000501f01f40007")).error().code, errc::bad_value);
    EXPECT_EQ(decode_initiate_response(hex("0800065f1f040000501f01f4000700")).error().code,
              errc::trailing_bytes);
}

} // namespace
} // namespace releve::dlms
