#include "uplink_fakes.hpp"

#include <releve/app/uplink_http.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdio>

#include <unistd.h>

namespace releve::app::test {

namespace asio = boost::asio;
using boost::system::error_code;

struct Authority::Keys {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), &X509_free};
};

namespace {

void add_extension(X509* certificate, X509* issuer, int kind, const char* value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    RELEVE_ASSERT(extension && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

void fill(X509* certificate, EVP_PKEY* key, int serial, const std::vector<std::string>& common_names)
{
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3'600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86'400);
    X509_set_pubkey(certificate, key);
    for (const std::string& name : common_names)
        RELEVE_ASSERT(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                                 reinterpret_cast<const unsigned char*>(name.data()),
                                                 static_cast<int>(name.size()), -1, 0) == 1);
}

void write_pem(const std::filesystem::path& path, const std::function<int(std::FILE*)>& write)
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "w"), &std::fclose};
    RELEVE_ASSERT(file && write(file.get()) == 1);
}

} // namespace

Authority::Authority() : keys_(std::make_unique<Keys>())
{
    static int made = 0;
    folder_ = std::filesystem::temp_directory_path() /
              ("releve-uplink-" + std::to_string(::getpid()) + "-" + std::to_string(++made));
    std::filesystem::create_directories(folder_);
    X509* const own = keys_->certificate.get();
    fill(own, keys_->key.get(), 1, {"authority " + std::to_string(made)});
    X509_set_issuer_name(own, X509_get_subject_name(own));
    add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE");
    RELEVE_ASSERT(X509_sign(own, keys_->key.get(), EVP_sha256()) > 0);
    write_pem(ca(), [own](std::FILE* file) { return PEM_write_X509(file, own); });
}

Authority::~Authority()
{
    std::filesystem::remove_all(folder_);
}

Authority::Files Authority::issue(const std::vector<std::string>& common_names)
{
    const std::string number = std::to_string(++issued_);
    const Files files{folder_ / (number + ".pem"), folder_ / (number + ".key")};
    Keys fresh;
    X509* const raw = fresh.certificate.get();
    fill(raw, fresh.key.get(), issued_ + 1, common_names);
    X509_set_issuer_name(raw, X509_get_subject_name(keys_->certificate.get()));
    add_extension(raw, keys_->certificate.get(), NID_subject_alt_name, "IP:127.0.0.1");
    RELEVE_ASSERT(X509_sign(raw, keys_->key.get(), EVP_sha256()) > 0);
    write_pem(files.certificate, [raw](std::FILE* file) { return PEM_write_X509(file, raw); });
    write_pem(files.private_key, [&fresh](std::FILE* file) {
        return PEM_write_PrivateKey(file, fresh.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return files;
}

net::TlsContext Authority::server_context()
{
    const Files files = issue({"server"});
    return net::make_server_context({.certificate = files.certificate,
                                     .private_key = files.private_key,
                                     .client_ca = ca(),
                                     .client_certificate = net::ClientCertificate::required})
        .value();
}

// ---------------------------------------------------------------- the sink

bool FakeSink::try_submit(net::InboundFrame& frame)
{
    std::function<net::Reply(const net::InboundFrame&)> decide;
    {
        const std::scoped_lock lock{mutex_};
        if (kept_.size() >= room_) {
            ++refusals_;
            changed_.notify_all();
            return false;
        }
        seen_.push_back({frame.kind, to_hex(frame.apdu), *frame.peer, frame.gateway->id, frame.received_at,
                         frame.signal_dbm, frame.index, frame.source_wport, frame.destination_wport,
                         frame.refused_for});
        decide = decide_;
        if (!decide)
            kept_.push_back(std::move(frame));
        changed_.notify_all();
    }
    if (decide) {
        net::Reply reply = decide(frame);
        reply.index = frame.index;
        frame.reply_to->deliver({std::move(reply)});
    }
    return true;
}

void FakeSink::when_space(std::function<void()> wake)
{
    {
        const std::scoped_lock lock{mutex_};
        if (kept_.size() >= room_) {
            waiting_.push_back(std::move(wake));
            return;
        }
    }
    wake();
}

void FakeSink::set_room(std::size_t frames)
{
    const std::scoped_lock lock{mutex_};
    room_ = frames;
}

void FakeSink::decide_at_once(std::function<net::Reply(const net::InboundFrame&)> decide)
{
    const std::scoped_lock lock{mutex_};
    decide_ = std::move(decide);
}

void FakeSink::decide(std::size_t count)
{
    std::vector<net::InboundFrame> decided;
    std::vector<std::function<void()>> waiting;
    {
        const std::scoped_lock lock{mutex_};
        RELEVE_ASSERT(count <= kept_.size());
        const auto end = kept_.begin() + static_cast<std::ptrdiff_t>(count);
        decided.assign(std::make_move_iterator(kept_.begin()), std::make_move_iterator(end));
        kept_.erase(kept_.begin(), end);
        waiting.swap(waiting_);
    }
    std::ranges::reverse(decided); // any order is right
    for (net::InboundFrame& frame : decided) {
        net::Reply reply;
        reply.state = FrameState::accepted;
        reply.index = frame.index;
        frame.reply_to->deliver({std::move(reply)});
    }
    decided.clear();
    for (const auto& wake : waiting)
        wake();
}

void FakeSink::forget()
{
    std::vector<net::InboundFrame> forgotten;
    const std::scoped_lock lock{mutex_};
    forgotten.swap(kept_);
}

void FakeSink::wait_for_frames(std::size_t seen)
{
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return seen_.size() >= seen; });
}

void FakeSink::wait_for_refusals(std::size_t refusals)
{
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return refusals_ >= refusals; });
}

std::vector<FakeSink::Seen> FakeSink::seen() const
{
    const std::scoped_lock lock{mutex_};
    return seen_;
}

// ---------------------------------------------------------------- the ledger

void FakeLedger::look_up(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest,
                         std::function<void(Looked)> done)
{
    Looked looked;
    {
        const std::scoped_lock lock{mutex_};
        const auto row = rows_.find({gateway, sequence});
        if (unavailable > 0)
            --unavailable;
        else if (sequence <= floor)
            looked.what = Found::too_old;
        else if (row == rows_.end())
            looked.what = Found::fresh;
        else if (row->second.digest != digest)
            looked.what = Found::reused;
        else
            looked = {.what = Found::acknowledged, .ack = row->second.ack};
    }
    done(std::move(looked));
}

void FakeLedger::commit(const std::string& gateway, std::uint64_t sequence, Row row)
{
    const std::scoped_lock lock{mutex_};
    rows_[{gateway, sequence}] = std::move(row);
}

void FakeLedger::acknowledge(const std::string& gateway, std::uint64_t sequence, std::uint64_t digest, Bytes ack,
                             std::function<void(bool)> done)
{
    auto commit_it = [this, gateway, sequence, row = Row{digest, std::move(ack)}, done] {
        commit(gateway, sequence, row);
        done(true);
    };
    bool fails = false;
    {
        const std::scoped_lock lock{mutex_};
        if (held.contains(sequence)) {
            waiting_[sequence] = commit_it;
            changed_.notify_all();
            return;
        }
        fails = failing.contains(sequence);
    }
    fails ? done(false) : commit_it();
}

void FakeLedger::state_of(const std::string& gateway, std::function<void(State)> done)
{
    State state;
    {
        const std::scoped_lock lock{mutex_};
        state.available = reachable;
        state.known = known.contains(gateway);
        state.peer = {.id = gateway, .crc_may_be_zero = true};
        state.acknowledged_up_to = floor;
        while (rows_.contains({gateway, state.acknowledged_up_to + 1}))
            ++state.acknowledged_up_to;
    }
    done(state);
}

void FakeLedger::release(std::uint64_t sequence)
{
    std::function<void()> commit_it;
    {
        const std::scoped_lock lock{mutex_};
        commit_it = std::move(waiting_.at(sequence));
        waiting_.erase(sequence);
        held.erase(sequence);
    }
    commit_it();
}

void FakeLedger::wait_for_held(std::uint64_t sequence)
{
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_.contains(sequence); });
}

std::size_t FakeLedger::kept() const
{
    const std::scoped_lock lock{mutex_};
    return rows_.size();
}

// ---------------------------------------------------------------- the server

RunningUplink::RunningUplink(Authority& authority, FakeSink& sink, FakeLedger& ledger, net::UplinkLimits limits)
{
    net::UplinkOptions options;
    options.tls = authority.server_context();
    options.limits = limits;
    options.now = [] { return now; };
    options.make_text_form = [limits] { return make_http_form(limits); };
    for (auto& context : contexts_)
        guards_.push_back(asio::make_work_guard(context));
    server_ = net::UplinkServer::open({&contexts_[0], &contexts_[1]}, std::move(options), sink, ledger, counters_).value();
    for (auto& context : contexts_)
        threads_.emplace_back([&context] { context.run(); });
}

RunningUplink::~RunningUplink()
{
    server_->stop_accepting();
    server_->close_sessions();
    wait_until([this] { return server_->open_sessions() == 0; });
    guards_.clear();
    for (auto& context : contexts_)
        context.stop();
    for (std::thread& thread : threads_)
        thread.join();
}

// ---------------------------------------------------------------- the gateway

Gateway::Gateway(std::uint16_t port, Authority& authority, const std::vector<std::string>& common_names)
    : Gateway(port, authority.issue(common_names))
{
}

namespace {

/// A stream takes its certificate from here when it is made, not later.
asio::ssl::context client_context(const Authority::Files& files)
{
    asio::ssl::context context{asio::ssl::context::tls_client};
    if (files.certificate.empty())
        return context;
    context.use_certificate_chain_file(files.certificate.string());
    context.use_private_key_file(files.private_key.string(), asio::ssl::context::pem);
    return context;
}

} // namespace

Gateway::Gateway(std::uint16_t port, const Authority::Files& files) : tls_(client_context(files))
{
    open(port);
}

void Gateway::open(std::uint16_t port)
{
    error_code error;
    stream_.next_layer().connect({asio::ip::address_v4::loopback(), port}, error);
    if (!error)
        stream_.handshake(asio::ssl::stream_base::client, error);
    connected_ = !error;
}

void Gateway::send(ByteView bytes)
{
    error_code ignored; // the answer tells
    asio::write(stream_, asio::buffer(bytes.data(), bytes.size()), ignored);
}

std::optional<net::UplinkAnswer> Gateway::answer()
{
    error_code error;
    std::array<std::byte, 4> head{};
    asio::read(stream_, asio::buffer(head), error);
    if (error)
        return std::nullopt;
    Bytes message(Reader{head}.u32_be());
    asio::read(stream_, asio::buffer(message), error);
    return error ? std::nullopt : std::optional{net::decode_answer(message).value()};
}

net::UplinkWelcome Gateway::greet(const std::string& as)
{
    send(net::UplinkHello{.gateway = as});
    const auto heard = answer();
    const auto* welcome = heard ? std::get_if<net::UplinkWelcome>(&*heard) : nullptr;
    EXPECT_TRUE(welcome) << "no welcome";
    return welcome ? *welcome : net::UplinkWelcome{};
}

std::string Gateway::text_answer()
{
    error_code error;
    for (;;) {
        const std::size_t head = text_.find("\r\n\r\n");
        if (head != std::string::npos) {
            const std::size_t field = text_.find("Content-Length: ");
            const std::size_t body = field < head ? std::stoul(text_.substr(field + 16)) : 0;
            if (text_.size() >= head + 4 + body) {
                std::string whole = text_.substr(0, head + 4 + body);
                text_.erase(0, whole.size());
                return whole;
            }
        }
        std::array<char, 4'096> piece{};
        const std::size_t count = stream_.read_some(asio::buffer(piece), error);
        if (error)
            return "ended";
        text_.append(piece.data(), count);
    }
}

bool Gateway::ended()
{
    std::array<char, 1> one{};
    error_code error;
    stream_.read_some(asio::buffer(one), error);
    return error.failed();
}

} // namespace releve::app::test
