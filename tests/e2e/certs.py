"""Certificates of the tests: authorities, and what they sign."""
import datetime
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

VALID_FROM, VALID_TO = datetime.datetime(2020, 1, 1), datetime.datetime(2090, 1, 1)


def make_key(kind):
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name, self.key = folder, name, make_key("ecdsa")
        self.certificate = self.sign(name, self.key, authority=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def sign(self, name, key, authority=False):
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(VALID_FROM).not_valid_after(VALID_TO)
                   .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
                   .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False))
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name, kind="ecdsa", file=None):
        """(certificate, key) as files."""
        key = make_key(kind)
        certificate_file, key_file = (self.folder / f"{file or name}.{end}" for end in ("crt", "key"))
        certificate_file.write_bytes(self.sign(name, key).public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        return certificate_file, key_file


def client(authority=None, version=None, certificate=None):
    """A meter's side of TLS: whom it trusts, the one version it speaks, what it shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority:
        context.load_verify_locations(authority.file)
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    if certificate:
        context.load_cert_chain(*certificate)
    return context
