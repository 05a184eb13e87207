import ClusterModel
import WireFormat

// Frames: sequence, bodies, long messages, order of checks.
extension Catalogue {
    static let framing: [Case] = prefaces + headers + sequences

    private static let prefaces: [Case] = [
        Case("FRM-002/silence", "The acceptor says nothing before a whole preface has come.") { trial in
            let link = try await trial.conversation()
            await link.connection.send(pieces: Preface().encode().dropLast().map { [$0] })
            if let event = await link.connection.next(within: .milliseconds(300)) {
                throw CaseFailure("silence before the sixteenth byte", got: "\(event)")
            }
            link.connection.send([Preface().encode()[15]])
            _ = try await link.readPreface()
        },
        Case("FRM-009/skipped", "A frame whose sequence is one too high is answered with SEQUENCE_GAP.") { trial in
            let link = try await trial.link()
            link.sequence += 1
            link.send(.ping(link.makePing()))
            try await link.expectClose(.sequenceGap)
        },
    ]

    private static let headers: [Case] = (0..<28).map { offset in
        Case("FRM-007/byte-\(offset)", "A header whose byte \(offset) was changed on the way is answered with BAD_HEADER.") {
            trial in
            let link = try await trial.link()
            var bytes = link.encode(OutgoingFrame(.ping(link.makePing())))
            bytes[offset] ^= 0x10
            link.connection.send(bytes)
            try await link.expectClose(.badHeader)
        }
    }

    private static let sequences: [Case] = []
}
