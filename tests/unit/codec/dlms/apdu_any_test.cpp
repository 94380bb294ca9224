// Forms that no public vector shows; the others are in tests/vectors.

#include <releve/codec/dlms/apdu_any.hpp>

#include <gtest/gtest.h>

namespace releve::dlms {
namespace {

Bytes hex(std::string_view text)
{
    return *from_hex(text);
}

template <class T>
T decode(std::string_view text)
{
    const auto apdu = decode_any_apdu(hex(text));
    EXPECT_TRUE(apdu) << text;
    const T* decoded = apdu ? std::get_if<T>(&*apdu) : nullptr;
    EXPECT_NE(decoded, nullptr) << text;
    return decoded ? *decoded : T{};
}

const std::string clock_time = "0008 0000010000ff 02 ";

TEST(AnyApdu, SetForms)
{
    const auto first = decode<ServiceRequest>("c102c1" + clock_time + "00 00 00000001 02 aabb");
    EXPECT_EQ(first.form, Form::with_first_datablock);
    EXPECT_EQ(first.block->raw, hex("aabb"));
    EXPECT_EQ(first.targets.size(), 1U);
    const auto next = decode<ServiceRequest>("c103c1 01 00000002 01 cc");
    EXPECT_TRUE(next.block->last);
    EXPECT_TRUE(next.targets.empty());
    const auto list = decode<ServiceRequest>("c104c1 02" + clock_time + "00" + clock_time + "00 02 1101 1102");
    EXPECT_EQ(list.targets.size(), 2U);
    EXPECT_EQ(list.values.size(), 2U);
    EXPECT_EQ(decode<ServiceRequest>("c105c1 01" + clock_time + "00 00 00000001 01 aa").block->number, 1U);
    EXPECT_EQ(decode<ServiceResponse>("c502c1 00000001").block->number, 1U);
    const auto last = decode<ServiceResponse>("c503c1 00 00000002");
    EXPECT_EQ(last.results, std::vector<std::uint8_t>{0});
    EXPECT_EQ(last.block->number, 2U);
    EXPECT_EQ(decode<ServiceResponse>("c504c1 02 00 03 00000002").results.size(), 2U);
    EXPECT_EQ(decode<ServiceResponse>("c505c1 02 00 03").results[1], 3);
}

TEST(AnyApdu, ActionForms)
{
    const std::string method = "0046 0000600 30aff 01 ";
    EXPECT_EQ(decode<ServiceRequest>("c302c1 00000001").form, Form::next);
    EXPECT_EQ(decode<ServiceRequest>("c303c1 01" + method + "01 0f00").values.size(), 1U);
    EXPECT_EQ(decode<ServiceRequest>("c304c1" + method + "00 00000001 01 aa").form, Form::with_first_datablock);
    EXPECT_EQ(decode<ServiceRequest>("c305c1 01" + method + "00 00000001 01 aa").targets.size(), 1U);
    EXPECT_EQ(decode<ServiceRequest>("c306c1 01 00000002 01 aa").block->number, 2U);
    EXPECT_EQ(decode<ServiceResponse>("c702c1 01 00000001 01 aa").block->raw, hex("aa"));
    EXPECT_EQ(decode<ServiceResponse>("c703c1 02 00 00 00 01 00 1105").actions[1].return_value->data->number, 5);
    EXPECT_EQ(decode<ServiceResponse>("c704c1 00000009").block->number, 9U);
}

TEST(AnyApdu, OthersInAFewBytes)
{
    EXPECT_EQ(decode<ExceptionResponse>("d80106 00000102").expected_counter, 0x102U);
    EXPECT_FALSE(decode<ExceptionResponse>("d80105").expected_counter);
    EXPECT_EQ(decode<ConfirmedServiceError>("0e010601").error_type, 6);
    EXPECT_EQ(decode<DataNotificationConfirm>("100000000700").invoke_id.id(), 7U);
    EXPECT_EQ(decode<EventNotification>("c2 00 0001 0000600b00ff 02 1105").class_id, 1);
    EXPECT_EQ(decode<GeneralBlock>("e0c20003000201aa").number, 3);
    EXPECT_EQ(decode<ServiceRequest>("c001c1 0007 0100630100ff 02 01 01 00").targets[0].access->selector, 1);
}

TEST(AnyApdu, ResultsInPlaceOfData)
{
    const auto refused = decode<ServiceResponse>("c401c1 01 03");
    EXPECT_FALSE(refused.values.at(0).data);
    EXPECT_EQ(refused.values.at(0).access_result, 3);
    const auto block = decode<ServiceResponse>("c402c1 00 00000001 01 02");
    EXPECT_FALSE(block.block->raw);
    EXPECT_EQ(block.block->access_result, 2);
}

TEST(AnyApdu, CipheredApdusAreTakenApartAndNotOpened)
{
    const auto general = decode<Ciphered>("db 08 4b464d1000000001 0a 30 00000102 aabbccddee");
    EXPECT_EQ(to_hex(*general.system_title), "4b464d1000000001");
    EXPECT_EQ(general.security_control, 0x30);
    EXPECT_EQ(general.invocation_counter, 0x102U);
    EXPECT_EQ(general.payload, hex("aabbccddee"));
    EXPECT_FALSE(decode<Ciphered>("c8 0a 30 00000102 aabbccddee").system_title);
    EXPECT_EQ(decode_any_apdu(hex("db 07 4b464d10000000 0a 30 00000102 aabbccddee")).error().code, errc::bad_length);
}

TEST(AnyApdu, FormsAreNamedAsTheStandardDoes)
{
    EXPECT_EQ(form_name(0xc4, Form::with_datablock), "get-response-with-datablock");
    EXPECT_EQ(form_name(0xc7, Form::with_datablock), "action-response-with-pblock");
    EXPECT_EQ(form_name(0xc3, Form::next), "action-request-next-pblock");
    EXPECT_EQ(form_name(0xc4, Form::datablock), "get-response"); // has no such form
    EXPECT_EQ(form_of(0xc5, 5), Form::with_list);
    EXPECT_FALSE(form_of(0xc5, 6));
}

TEST(AnyApdu, APushIsANotification)
{
    EXPECT_EQ(decode<DataNotification>("0f0000000700 11 05").body.number, 5);
    EXPECT_EQ(decode<InitiateRequest>("01000000065f1f0400007e1f04b0").max_receive_pdu_bytes, 1200);
}

TEST(AnyApdu, WhatIsNoneIsNamed)
{
    for (const char* text : {"02", "c600", "ff"})
        EXPECT_EQ(decode_any_apdu(hex(text)).error().code, errc::unknown_apdu) << text;
    EXPECT_EQ(decode_any_apdu(hex("da00")).error().detail, "access-response is not taken apart");
    EXPECT_EQ(decode_any_apdu({}).error().code, errc::truncated);
    EXPECT_EQ(decode_any_apdu(hex("c009c1")).error().code, errc::unknown_apdu);
    EXPECT_EQ(decode_any_apdu(hex("c40101")).error().code, errc::truncated);
    EXPECT_EQ(decode_any_apdu(hex("c401c102")).error().code, errc::bad_value);
}

TEST(AnyApdu, ListsAreHeldAgainstTheBytesAndOneBudget)
{
    EXPECT_EQ(decode_any_apdu(hex("c403c184ffffffff00")).error().code, errc::truncated);
    // Two compact arrays that would each unfold to 40000 values from a few bytes.
    const std::string unfolding = "00 13 02 02 11 01 9c40 00 01 05";
    EXPECT_TRUE(decode_any_apdu(hex("c403c1 01" + unfolding)));
    EXPECT_EQ(decode_any_apdu(hex("c403c1 02" + unfolding + unfolding)).error().code, errc::too_large);
}

TEST(Association, ReleaseResponseMayAnnounceTooLittle)
{
    // As sent by a widely used stack: 18 announced, 22 there.
    const auto lenient = decode<Association>("6312800100be11040f080100065f1f0400001e1d04c80007");
    EXPECT_EQ(lenient.reason, 0);
    EXPECT_EQ(lenient.user_information->size(), 15U);
    EXPECT_EQ(decode_any_apdu(hex("6303800100ff")).error().code, errc::truncated); // what follows must be a field
    EXPECT_EQ(decode_any_apdu(hex("6304800100")).error().code, errc::truncated);   // and too much is too much
    EXPECT_EQ(decode_any_apdu(hex("6203800100be00")).error().code, errc::trailing_bytes); // the request is not excused
}

TEST(Association, FieldsThatMustBeUnderstood)
{
    EXPECT_EQ(decode_any_apdu(hex("6003a10106")).error().code, errc::bad_value);     // no context
    EXPECT_EQ(decode_any_apdu(hex("6105a203020 200")).error().code, errc::bad_value); // result of no integer
    EXPECT_TRUE(decode_any_apdu(hex("6004a5020102"))); // others are carried along
    EXPECT_EQ(decode<Association>("6004a5020102").fields[0].tag, 0xa5);
}

} // namespace
} // namespace releve::dlms
