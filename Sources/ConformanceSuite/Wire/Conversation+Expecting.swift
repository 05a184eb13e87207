import ClusterModel
import WireFormat

// What cases ask of a conversation. Everything else that comes meanwhile is passed over, but for CLOSE and the end.
extension Conversation {
    /// The first message that `match` takes.
    /// - Parameter what: for the report: "expected …".
    func expect<Result>(
        _ what: String, within time: Duration? = nil, _ match: (Message, FrameHeader) throws -> Result?
    ) async throws -> Result {
        let limit = ContinuousClock.now + (time ?? timing.reaction)
        while true {
            switch try await next(within: max(.zero, limit - .now)) {
            case .message(let message, let header)?:
                if let result = try match(message, header) { return result }
                if case .close(let close) = message { throw CaseFailure(what, got: close.report) }
            case .ignorable?: break
            case .ended?: throw CaseFailure(what, got: endText)
            case nil:
                throw CaseFailure(what, got: end == nil ? "nothing of the kind for \((time ?? timing.reaction).text)" : endText)
            }
        }
    }

    /// CLOSE with the code, nothing after it, and the end of the node's direction (LNK-041).
    /// - Parameter lenient: codes that are not the right one, but end the link as well.
    @discardableResult
    func expectClose(_ code: ErrorCode, lenient: Set<ErrorCode> = [], within time: Duration? = nil) async throws -> Close {
        let what = "CLOSE(\(code.name))"
        let close = try await expect(what, within: time) { message, _ in
            if case .close(let close) = message { close } else { nil }
        }
        if close.code != code.rawValue {
            guard let other = ErrorCode(rawValue: close.code), lenient.contains(other) else {
                throw CaseFailure(what, got: close.report)
            }
            throw LenientPass("\(what) was expected, \(close.report) came")
        }
        try await expectEnd("nothing after CLOSE but the end of the connection")
        return close
    }

    /// The node ends its direction; no frame comes before.
    func expectEnd(_ what: String = "the end of the connection", within time: Duration? = nil) async throws {
        switch try await next(within: time) {
        case .ended(.finished)?: return
        case .ended(.reset)? where close != nil: return
        case .ended?: throw CaseFailure(what, got: endText)
        case .message(let message, _)?:
            throw CaseFailure(what, got: message.report)
        case .ignorable?: throw CaseFailure(what, got: "a frame of an unknown type")
        case nil:
            if end == .finished || (end == .reset && close != nil) { return }
            throw CaseFailure(what, got: endText)
        }
    }

    /// Everything that the node makes of what it was sent so far has come when this returns: twice PING and PONG, since a PONG may
    /// overtake what waits on another lane.
    /// - Parameter forbidden: says what is wrong with a message that must not come.
    func fence(forbidden: (Message) -> String? = { _ in nil }) async throws {
        for _ in 0..<2 {
            let ping = makePing()
            send(.ping(ping))
            _ = try await expect("PONG \(ping.number)") { message, _ -> Bool? in
                if case .pong(let pong) = message, pong.number == ping.number { return true }
                if let problem = forbidden(message) {
                    throw CaseFailure("no \(message.type.name): \(problem)", got: message.report)
                }
                return nil
            }
        }
    }

    /// Makes a call and waits for its one reply.
    func call(_ call: Call, within time: Duration? = nil) async throws -> Reply {
        let stream = nextStream()
        try await sendLong(OutgoingFrame(.call(call), stream: stream))
        return try await reply(to: stream, of: call.name, within: time)
    }

    func reply(to stream: UInt32, of call: String = "call", within time: Duration? = nil) async throws -> Reply {
        try await expect("REPLY to \(call)", within: time) { message, header in
            if case .reply(let reply) = message, header.stream == stream { reply } else { nil }
        }
    }

    /// A call that has to be refused with a code.
    func expectRefusal(_ code: ErrorCode, of request: Call, within time: Duration? = nil) async throws {
        let reply = try await call(request, within: time)
        guard reply.code == code.rawValue else {
            throw CaseFailure("REPLY(\(code.name)) to \(request.name)", got: reply.report)
        }
    }

    /// A call that has to succeed.
    func succeed(_ request: Call, within time: Duration? = nil) async throws -> Reply.Result {
        let reply = try await call(request, within: time)
        guard reply.code == 0 else { throw CaseFailure("success of \(request.name)", got: reply.report) }
        return reply.result
    }
}

extension Close {
    var report: String {
        let name = ErrorCode(rawValue: code)?.name ?? "code \(code)"
        return text.isEmpty ? "CLOSE(\(name))" : "CLOSE(\(name)): \(text)"
    }
}

extension Reply {
    var report: String {
        let name = ErrorCode(rawValue: code)?.name ?? "code \(code)"
        if case .failure(let text) = result { return "REPLY(\(name)): \(text)" }
        return "REPLY(\(name)) of the kind \(result.kind)"
    }
}

extension Message {
    var report: String {
        switch self {
        case .close(let close): close.report
        case .reply(let reply): reply.report
        default: type.name
        }
    }
}

extension Call {
    /// Not of the call itself, which may hold megabytes.
    var name: String { "\(method)" }
}
