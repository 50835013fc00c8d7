//! Creates certificate authorities for tests, and certificates signed by them.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// A certificate authority that no machine trusts by default.
pub struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A server's certificate and its private key.
pub struct Certificate {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Authority {
    /// A new authority.
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            certificate: params.self_signed(&key).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    /// The authority's own certificate in PEM, for clients that are to trust it.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The authority's own certificate in DER.
    pub fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    /// A certificate for a server with these names or IP addresses.
    pub fn certificate(&self, names: &[&str]) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        // OpenSSL treats a certificate with the authority's name as self-signed, so the name must
        // differ.
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "a server of a test");
        Certificate {
            certificate: params.signed_by(&key, &self.issuer).unwrap(),
            key,
        }
    }
}

impl Certificate {
    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    /// The private key in PEM.
    pub fn key_pem(&self) -> String {
        self.key.serialize_pem()
    }

    /// The private key in DER (PKCS#8).
    pub fn key_der(&self) -> Vec<u8> {
        self.key.serialize_der()
    }
}
