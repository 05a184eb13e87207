public import ClusterModel

/// Bodies of all messages. A body is the fields of the message in their declared order and nothing else (ENC-007); reading is
/// total: any bytes give a message or a `DecodingError`.
public enum MessageCodec {
    /// The body of a message: the only byte string that `decode` turns into it.
    ///
    /// Texts for people that are too long are cut (LIM-006).
    /// - Precondition: the fixed sizes that the message's type documents: nonce, mac, buckets.
    public static func encode(_ message: Message) -> [UInt8] {
        var body: [UInt8] = []
        append(message, to: &body)
        return body
    }

    /// Appends the body of a message.
    public static func append(_ message: Message, to body: inout [UInt8]) {
        switch message {
        case .hello(let hello): hello.write(to: &body)
        case .auth(let auth): auth.write(to: &body)
        case .close(let close): close.write(to: &body)
        case .ping(let ping): ping.write(to: &body)
        case .pong(let pong): pong.write(to: &body)
        case .credit(let credit): credit.write(to: &body)
        case .members(let members): members.write(to: &body)
        case .probeRequest(let request): request.write(to: &body)
        case .probeReply(let reply): reply.write(to: &body)
        case .definitions(let definitions): definitions.write(to: &body)
        case .joinRequest(let request): request.write(to: &body)
        case .joinAccept(let accept): accept.write(to: &body)
        case .joinReject(let reject): reject.write(to: &body)
        case .operations(let operations): operations.write(to: &body)
        case .ack(let ack): ack.write(to: &body)
        case .tableState(let state): state.write(to: &body)
        case .digestRequest(let request): request.write(to: &body)
        case .digests(let digests): digests.write(to: &body)
        case .snapRequest(let request): request.write(to: &body)
        case .call(let call): call.write(to: &body)
        case .reply(let reply): reply.write(to: &body)
        case .cancel: break
        case .snapBegin(let begin): begin.write(to: &body)
        case .snapChunk(let chunk): chunk.write(to: &body)
        case .snapEnd(let end): end.write(to: &body)
        case .snapCancel(let cancel): cancel.write(to: &body)
        }
    }

    /// Reads a whole body. OPERATIONS has its groups checked; SNAP_CHUNK only its lengths (see `ChunkCodec.unpack`).
    /// - Throws: `DecodingError` with the offset in `body`. A code from 0x0401 on refuses a CALL that can be answered.
    public static func decode(type: MessageType, body: Span<UInt8>) throws(DecodingError) -> Message {
        var input = body
        do throws(ReadFailure) {
            let message = try read(type, &input)
            guard input.count == 0 else { throw input.failure(.leftover, "end") }
            return message
        } catch {
            throw error.inside(fieldPrefix(type)).error(length: body.count)
        }
    }

    /// How the fields of a message are called in errors: `snapChunk`.
    static func fieldPrefix(_ type: MessageType) -> String { String(describing: type) }

    private static func read(_ type: MessageType, _ input: inout Span<UInt8>) throws(ReadFailure) -> Message {
        switch type {
        case .hello: .hello(try Hello.read(&input))
        case .auth: .auth(try Auth.read(&input))
        case .close: .close(try Close.read(&input))
        case .ping: .ping(try Ping.read(&input))
        case .pong: .pong(try Pong.read(&input))
        case .credit: .credit(try Credit.read(&input))
        case .members: .members(try Members.read(&input))
        case .probeRequest: .probeRequest(try ProbeRequest.read(&input))
        case .probeReply: .probeReply(try ProbeReply.read(&input))
        case .definitions: .definitions(try Definitions.read(&input))
        case .joinRequest: .joinRequest(try JoinRequest.read(&input))
        case .joinAccept: .joinAccept(try JoinAccept.read(&input))
        case .joinReject: .joinReject(try JoinReject.read(&input))
        case .operations: .operations(try Operations.read(&input))
        case .ack: .ack(try Ack.read(&input))
        case .tableState: .tableState(try TableState.read(&input))
        case .digestRequest: .digestRequest(try DigestRequest.read(&input))
        case .digests: .digests(try Digests.read(&input))
        case .snapRequest: .snapRequest(try SnapRequest.read(&input))
        case .call: .call(try Call.read(&input))
        case .reply: .reply(try Reply.read(&input))
        case .cancel: .cancel
        case .snapBegin: .snapBegin(try SnapBegin.read(&input))
        case .snapChunk: .snapChunk(try SnapChunk.read(&input))
        case .snapEnd: .snapEnd(try SnapEnd.read(&input))
        case .snapCancel: .snapCancel(try SnapCancel.read(&input))
        }
    }
}
