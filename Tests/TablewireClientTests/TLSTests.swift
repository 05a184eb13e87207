import ClusterModel
import Foundation
import LinkTransport
import TablewireClient
import Testing

/// SEC-006.
@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    private let certificates: Certificates
    private let keys: SecretKeys

    init() throws {
        certificates = try Certificates()
        keys = try SecretKeys(parsing: String(repeating: "5a", count: 32))
    }

    private func node(_ tls: LinkTLS?, secret: SecretKeys? = nil) async throws -> ScriptedNode {
        try await ScriptedNode.start(keys: secret ?? keys, tls: tls) { _, stream, link in link.reply(Reply(.done), to: stream) }
    }

    /// Both proofs and an answered call, or why not.
    /// - Parameter certificate: nil for a client in clear.
    private func outcome(
        _ address: Address, as certificate: String? = "node", authorities: String = "authority", timeout: Duration = .seconds(5)
    ) async throws -> ClientError? {
        let tls = try certificate.map { try certificates.tls($0, authorities: authorities) }
        do throws(ClientError) {
            let client = try await TablewireClient.connect(to: address, keys: keys, tls: tls, timeout: timeout)
            try await client.leave()
            await client.close()
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func callsGoOverTLS(host: String) async throws {
        let node = try await node(certificates.tls())
        #expect(try await outcome(Address(host: host, port: node.address.port)) == nil)
    }

    /// A message of many TLS records, which have at most 16 KiB.
    @Test func aLargeCallGoesThrough() async throws {
        let node = try await ScriptedNode.start(keys: keys, tls: certificates.tls()) { message, stream, link in
            guard case .call(.rowWrite(let write)) = message, let value = write.operations.first?.value else { return }
            let isWhole = value.count == 1_000_000 && value.allSatisfy { $0 == 7 }
            link.reply(isWhole ? Reply(.done) : Reply(failure: .notSupported, "\(value.count) bytes"), to: stream)
        }
        let client = try await TablewireClient.connect(to: node.address, keys: keys, tls: try certificates.tls())
        let table = try #require(TableName("t"))
        let write = RowWrite(
            table: table, level: .local,
            operations: [Operation(.put, key: [1], value: [UInt8](repeating: 7, count: 1_000_000))])
        #expect(try await client.call(.rowWrite(write)) == .done)
        await client.close()
    }

    /// CLOSE arrives before the end of TLS does.
    @Test func aWrongSecretIsToldOverTLS() async throws {
        let node = try await node(certificates.tls(), secret: SecretKeys(parsing: String(repeating: "a5", count: 32)))
        #expect(try await outcome(node.address)?.code == .authenticationFailed)
    }

    @Test(arguments: [
        ("stranger", "its certificate is not signed by one of our authorities"),
        ("elsewhere", "its certificate is not for 127.0.0.1"),
        ("expired", "its certificate has expired on 2021-01-01"),
        ("early", "its certificate is valid from 2095-01-01 on"),
    ])
    func aNodeWithAWrongCertificateIsRefused(name: String, words: String) async throws {
        let node = try await node(certificates.tls(name))
        let error = try #require(try await outcome(node.address))
        #expect(error.description.hasPrefix("no TLS with \(node.address): \(words)"), "\(error)")
    }

    @Test(arguments: [
        ("stranger", "it refuses our certificate, which none of its authorities has signed"),
        ("expired", "it refuses our certificate, which has expired"),
        ("early", "it refuses our certificate"),
        ("server-only", "it refuses our certificate"),
    ])
    func aClientWithAWrongCertificateIsToldSo(name: String, words: String) async throws {
        let node = try await node(certificates.tls())
        let error = try #require(try await outcome(node.address, as: name))
        #expect(error.description.hasPrefix("no TLS with \(node.address): \(words)"), "\(error)")
    }

    /// Our own authorities alone count: not those of the system, not those of the peer.
    @Test func otherAuthoritiesDoNotCount() async throws {
        let node = try await node(certificates.tls("stranger", authorities: "authority"))
        let ours = try await outcome(node.address, authorities: "authority")
        #expect(ours?.description.contains("not signed by one of our authorities") == true)
        #expect(try await outcome(node.address, authorities: "other-authority") == nil)
    }

    @Test func aClientInClearIsToldThatTheNodeHasTLS() async throws {
        let node = try await node(certificates.tls())
        let error = try await outcome(node.address, as: nil)
        #expect(
            error?.description.contains("it takes links with TLS only; give --tls-certificate") == true,
            "\(String(describing: error))")
    }

    @Test func aNodeInClearIsCalledThat() async throws {
        let node = try await node(nil)
        let error = try await outcome(node.address)
        #expect(error?.description.contains("configured there") == true, "\(String(describing: error))")
    }

    @Test func anotherProtocolIsNoTLS() async throws {
        let web = try await ForeignServer.start(says: "HTTP/1.1 400 Bad Request\r\n\r\n")
        #expect(
            try await outcome(web.address)
                == .tls(web.address, "it does not speak TLS; is it configured there?"))
        let rude = try await ForeignServer.start(says: "")
        let error = try await outcome(rude.address)
        #expect(error?.description.contains("the TLS handshake") == true, "\(String(describing: error))")
    }

    /// The time for all of connecting holds for TLS too.
    @Test func aMuteServerRunsIntoTheTimeout() async throws {
        let mute = try await ForeignServer.start(says: nil)
        let error = try await outcome(mute.address, timeout: .milliseconds(50))
        #expect(error == .timedOut(mute.address, activity: "greeting"))
    }
}
