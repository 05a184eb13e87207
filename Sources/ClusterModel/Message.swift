/// Any message of the protocol. `stream` of the frame header is carried beside it where it matters.
public enum Message: Hashable, Sendable {
    case hello(Hello)
    case auth(Auth)
    case close(Close)
    case ping(Ping)
    case pong(Pong)
    case credit(Credit)
    case members(Members)
    case probeRequest(ProbeRequest)
    case probeReply(ProbeReply)
    case definitions(Definitions)
    case joinRequest(JoinRequest)
    case joinAccept(JoinAccept)
    case joinReject(JoinReject)
    case operations(Operations)
    case ack(Ack)
    case tableState(TableState)
    case digestRequest(DigestRequest)
    case digests(Digests)
    case snapRequest(SnapRequest)
    case call(Call)
    case reply(Reply)
    case cancel
    case snapBegin(SnapBegin)
    case snapChunk(SnapChunk)
    case snapEnd(SnapEnd)
    case snapCancel(SnapCancel)

    public var type: MessageType {
        switch self {
        case .hello: .hello
        case .auth: .auth
        case .close: .close
        case .ping: .ping
        case .pong: .pong
        case .credit: .credit
        case .members: .members
        case .probeRequest: .probeRequest
        case .probeReply: .probeReply
        case .definitions: .definitions
        case .joinRequest: .joinRequest
        case .joinAccept: .joinAccept
        case .joinReject: .joinReject
        case .operations: .operations
        case .ack: .ack
        case .tableState: .tableState
        case .digestRequest: .digestRequest
        case .digests: .digests
        case .snapRequest: .snapRequest
        case .call: .call
        case .reply: .reply
        case .cancel: .cancel
        case .snapBegin: .snapBegin
        case .snapChunk: .snapChunk
        case .snapEnd: .snapEnd
        case .snapCancel: .snapCancel
        }
    }
}
