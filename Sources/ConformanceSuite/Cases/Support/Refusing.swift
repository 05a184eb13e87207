import ClusterModel
import WireFormat

// What negative cases have in common: something that lives, the stimulus, and the one answer that is right.
extension Trial {
    /// An established client link hears something that ends it.
    func refuses(
        _ code: ErrorCode, _ what: String = "", _ stimulus: (Conversation) async throws -> Void
    ) async throws {
        let link = try await link()
        try await stimulus(link)
        try await link.isRefused(code, what)
    }

    /// A body where its message is looked at: HELLO and AUTH in the handshake, all else on an established client link. Bodies are
    /// read before anybody asks whether the message is permitted (FRM-018).
    func refuses(_ code: ErrorCode, body: SampleBody.Spoiled, of type: MessageType, stream: UInt32) async throws {
        let link: Conversation
        switch type {
        case .hello:
            link = try await conversation()
            try await link.exchangePrefaces()
        case .auth:
            link = try await conversation()
            try await link.exchangePrefaces()
            link.send(Identity.client().hello())
            _ = try await link.expectHello()
        default: link = try await self.link()
        }
        link.send(OutgoingFrame(type, body: body.bytes, stream: stream))
        try await link.isRefused(code, body.how)
    }
}

extension Conversation {
    /// CLOSE with the code. The connection is given back to the node at once, so that a case can do this many times.
    func isRefused(_ code: ErrorCode, _ what: String = "") async throws {
        do {
            try await expectClose(code)
        } catch let failure as CaseFailure {
            guard !what.isEmpty else { throw failure }
            throw CaseFailure("\(failure.expected) on \(what)", got: failure.got)
        }
        connection.close()
    }

    /// Sends the body of a sample as its message.
    func send(_ sample: SampleBody) { send(OutgoingFrame(sample.type, body: sample.bytes, stream: sample.stream)) }
}
