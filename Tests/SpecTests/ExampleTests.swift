import ClusterModel
import Foundation
import Testing
import WireFormat

/// The chapter of examples is what the encoder makes now. `TABLEWIRE_WRITE_EXAMPLES=1` writes it anew.
@Suite struct ExampleTests {
    @Test func chapterIsWhatTheEncoderMakes() throws {
        let document = try ProtocolDocument.load()
        var conversation = Conversation(document)
        conversation.introduce()
        conversation.handshake()
        conversation.heartbeat()
        conversation.operations()
        conversation.snapshot()
        conversation.call()
        conversation.close()
        conversation.join()
        let made = conversation.text.trimmingCharacters(in: .newlines) + "\n"
        let url = SpecDirectory.url.appendingPathComponent("18-examples.md")
        if ProcessInfo.processInfo.environment["TABLEWIRE_WRITE_EXAMPLES"] == "1" {
            try made.write(to: url, atomically: true, encoding: .utf8)
        }
        let committed = try String(contentsOf: url, encoding: .utf8)
        let pairs = zip(made.components(separatedBy: "\n"), committed.components(separatedBy: "\n")).enumerated()
        let difference = pairs.first { $0.element.0 != $0.element.1 }
        #expect(difference == nil, "line \(difference.map { $0.offset + 1 } ?? 0) differs")
        #expect(made == committed)
    }

    @Test func hashesAreThePublishedOnes() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(hexadecimal(SHA256.hash(Array("abc".utf8))) == abc)
        let key = [UInt8](repeating: 0x0B, count: 20)
        let code = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        #expect(hexadecimal(SHA256.authenticationCode(Array("Hi There".utf8), key: key)) == code)
        #expect(hexadecimal(SHA256.hash([UInt8](repeating: 0x61, count: 64))).hasPrefix("ffe054fe7ae0cb6d"))
    }

    /// The values of the table in chapter 8.
    @Test func xxh64IsThePublishedOne() throws {
        let table = try #require(
            try SpecDirectory.chapters().flatMap(\.tables).first { $0.header.contains("XXH64") }, "no table of XXH64 values")
        for row in table.rows {
            let input = row[0] == "(empty)" ? "" : row[0].plain
            let hash = XXH64.hash(Array(input.utf8).span, seed: UInt64(row[1]) ?? 0)
            #expect(String(hash, radix: 16) == row[2].plain, "\(input)")
        }
    }
}
