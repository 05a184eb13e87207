import ClusterModel
import ClusterStateMachine
import Testing

@Suite struct HandshakeTests {
    @Test func acceptorIsSilentUntilThePrefaceAndNamesNothingBeforeTheProof() {
        var bench = Bench()
        bench.start()
        let link = bench.machine.makeLinkID()
        #expect(bench.hand(.accepted(link, from: "x")) == [])
        #expect(bench.hand(.preface(link, Preface())) == [.sendPreface(link, Preface())])
        let answer = bench.hand(.message(link, .hello(Sample.hello(2)), sequence: 0))
        #expect(answer.count == 1 && answer.closes == [])
        let after = bench.hand(.proof(link, isValid: true, sequence: 1))
        #expect(after.first == .sendProof(link, asDialer: false))
        #expect(after.dropFirst().first == .authenticated(link, Sample.hello(2)))
        #expect(after.linksUp == [link])
        #expect(after.records(on: link).map(\.node) == [1, 2, 3].map(Sample.node))
    }

    @Test(arguments: [Hello.Intent.member, .join]) func anAcceptorAnswersWithTheDialersIntent(_ intent: Hello.Intent) {
        var bench = Bench()
        bench.start()
        guard case .sendHello(_, let hello) = bench.dialIn(Sample.hello(8, intent: intent)).before.last else {
            Issue.record("no HELLO")
            return
        }
        #expect(hello.intent == intent)
        #expect(hello.role == .core)
    }

    @Test func dialerProvesFirstAndOpensWithTheFirstFrame() throws {
        var bench = Bench(members: [Sample.record(1), Sample.record(2)])
        let link = try #require(bench.hand(.started).dial(to: 2))
        #expect(bench.hand(.dialed(link)) == [.sendPreface(link, Preface())])
        guard case .sendHello(link, let hello) = bench.hand(.preface(link, Preface())).first else {
            Issue.record("no HELLO")
            return
        }
        #expect(hello.intent == .member && hello.node == Sample.node(1) && hello.nonce == [])
        #expect(bench.hand(.message(link, .hello(Sample.hello(2)), sequence: 0)) == [.sendProof(link, asDialer: true)])
        let proved = bench.hand(.proof(link, isValid: true, sequence: 1))
        #expect(proved == [.authenticated(link, Sample.hello(2))])
        #expect(bench.confirm(link).linksUp == [link])
    }

    /// Each refusal, by the peer that earns it. All come after the acceptor's own proof.
    @Test(arguments: Refusal.all) func refusals(_ refusal: Refusal) {
        var bench = Bench(members: refusal.members)
        bench.start()
        let (link, before, after) = bench.dialIn(refusal.hello)
        #expect(before.closes == [])
        #expect(after.first == .sendProof(link, asDialer: false))
        #expect(after.closes == [refusal.code])
        #expect(after.firstClose?.detail == refusal.detail)
        #expect(after.linksUp == [])
        #expect(bench.machine.linkCount == 0)
    }

    /// The dialer makes the mirror checks and says so to an acceptor that has proved the secret.
    @Test(arguments: Refusal.all.filter(\.isMirrored)) func mirroredRefusals(_ refusal: Refusal) throws {
        var bench = Bench(members: refusal.members + [Sample.record(9)])
        let link = try #require(bench.hand(.started).dial(to: 9))
        let actions = bench.dialOut(link, answering: refusal.hello)
        #expect(actions.closes == [refusal.code])
        #expect(actions.linksUp == [])
    }

    @Test func anUnexpectedMemberAtTheAddressIsNotTakenForTheOther() throws {
        var bench = Bench()
        let link = try #require(bench.hand(.started).dial(to: 2))
        let actions = bench.dialOut(link, answering: Sample.hello(3))
        #expect(actions.closes == [.notMember])
        #expect(bench.machine.link(to: Sample.node(3)) == nil)
    }

    @Test func aWrongSecretIsToldWithoutAProofOfOurs() {
        var bench = Bench()
        bench.start()
        let after = bench.dialIn(Sample.hello(2), isProofValid: false).after
        #expect(after.closes == [.authenticationFailed])
        #expect(after.proofs == 0)
    }

    @Test func aWrongSecretOfTheAcceptorIsTold() throws {
        var bench = Bench()
        let link = try #require(bench.hand(.started).dial(to: 2))
        _ = bench.hand(.dialed(link)) + bench.hand(.preface(link, Preface()))
        _ = bench.hand(.message(link, .hello(Sample.hello(2)), sequence: 0))
        #expect(bench.hand(.proof(link, isValid: false, sequence: 1)).closes == [.authenticationFailed])
    }

    @Test func otherVersionsAreAnsweredWithThePrefaceAndRefused() {
        var bench = Bench()
        bench.start()
        let link = bench.accept()
        let preface = Preface(minimumVersion: Limits.protocolVersion + 1, maximumVersion: Limits.protocolVersion + 3)
        let actions = bench.hand(.preface(link, preface))
        #expect(actions.first == .sendPreface(link, Preface()))
        #expect(actions.closes == [.versionUnsupported])
    }

    @Test func pendingLinksAreLimited() {
        var bench = Bench()
        bench.start()
        for _ in 0..<Limits.pendingLinks { _ = bench.accept() }
        #expect(bench.machine.linkCount == Limits.pendingLinks)
        let link = bench.machine.makeLinkID()
        let actions = bench.hand(.accepted(link, from: "x"))
        #expect(actions.first == .sendPreface(link, Preface()))
        #expect(actions.closes == [.tooManyLinks])
        #expect(bench.machine.linkCount == Limits.pendingLinks)
    }

    @Test func theHandshakeHasADeadlineSilentBeforeThePreface() {
        var bench = Bench(members: [Sample.record(1)])
        bench.start()
        let silent = bench.accept()
        let greeted = bench.accept()
        _ = bench.hand(.preface(greeted, Preface()))
        #expect(bench.pass(Limits.handshakeTime - .milliseconds(1)) == [])
        let actions = bench.pass(.milliseconds(1))
        #expect(actions.contains(.drop(silent)))
        #expect(actions.closes == [.handshakeTimeout])
        #expect(bench.machine.linkCount == 0)
    }

    @Test func messagesBeforeTheirTimeCloseAndNameTheFrame() {
        var bench = Bench()
        bench.start()
        let link = bench.accept()
        _ = bench.hand(.preface(link, Preface()))
        let close = bench.hand(.message(link, .pong(Pong(number: 1, echo: 0, clock: 0)), sequence: 5)).firstClose
        #expect(close?.code == ErrorCode.unexpectedMessage.rawValue)
        #expect(close?.offendingType == MessageType.pong.rawValue)
        #expect(close?.offendingSequence == 5)
    }

    @Test(arguments: LinkKindCase.all) func messagesThatDoNotBelongOnALink(_ row: LinkKindCase) {
        for type in MessageType.allCases where type != .hello && type != .auth && type != .close {
            var bench = Bench()
            bench.start()
            let link = bench.dialIn(row.hello).link
            let actions = bench.hand(.frameHeard(link, type, sequence: 3))
            #expect(actions.closes == (row.allowed.contains(type) ? [] : [.unexpectedMessage]), "\(type.name)")
        }
    }

    /// Nobody pings a client (HRT-010), so no PONG of one answers anything (HRT-006).
    @Test func aClientsPongIsUnexpected() {
        var bench = Bench()
        bench.start()
        let link = bench.dialIn(Sample.hello(8, role: .client)).link
        let close = bench.hand(.message(link, .pong(Pong(number: 1, echo: 0, clock: 0)), sequence: 5)).firstClose
        #expect(close?.code == ErrorCode.unexpectedMessage.rawValue)
        #expect(close?.offendingSequence == 5)
    }

    @Test func clientsAreOnlyTimedForIdleness() {
        var bench = Bench(members: [Sample.record(1)])
        bench.start()
        let link = bench.dialIn(Sample.hello(8, role: .client)).link
        _ = bench.pass(Limits.clientIdleTime - .seconds(1))
        _ = bench.hand(.frameHeard(link, .call, sequence: 2))
        #expect(bench.pass(Limits.clientIdleTime - .milliseconds(1)).closes == [])
        #expect(bench.pass(.milliseconds(1)).closes == [.idle])
    }
}

/// A row of the table of refusals (LNK-031).
struct Refusal: Sendable, CustomTestStringConvertible {
    var code: ErrorCode
    var members = [Sample.record(1), Sample.record(2), Sample.record(3)]
    var hello: Hello
    var detail: UInt64 = 0
    var isMirrored = true

    var testDescription: String { code.name }

    static let all: [Refusal] = [
        Refusal(code: .selfLink, hello: Sample.hello(1)),
        Refusal(code: .wrongCluster, hello: changed { $0.cluster = ClusterID(78) }),
        Refusal(code: .notMember, hello: Sample.hello(7)),
        Refusal(
            code: .removed, members: [Sample.record(1), Sample.record(2, .removed, joined: 12)], hello: Sample.hello(2),
            detail: 12),
        Refusal(code: .removed, members: [Sample.record(1), Sample.record(2, .left)], hello: Sample.hello(2), detail: 2),
        Refusal(
            code: .staleIncarnation, members: [Sample.record(1), Sample.record(2, incarnation: 9)],
            hello: Sample.hello(2, incarnation: 8), detail: 9),
        Refusal(code: .nameConflict, hello: changed { $0.name = Sample.name(1) }),
        Refusal(
            code: .clockSkew, hello: changed { $0.clock = VirtualNetwork.epoch + 60_001 }, detail: VirtualNetwork.epoch),
        Refusal(code: .roleNotAllowed, hello: Sample.hello(2, role: .replica)),
        Refusal(code: .roleNotAllowed, hello: Sample.hello(8, role: .client, intent: .join), isMirrored: false),
        Refusal(
            code: .wrongCluster,
            hello: changed {
                $0.role = .client
                $0.cluster = ClusterID(78)
            }, isMirrored: false),
        Refusal(code: .selfLink, hello: Sample.hello(1, intent: .join), isMirrored: false),
    ]

    private static func changed(_ change: (inout Hello) -> Void) -> Hello {
        var hello = Sample.hello(2)
        change(&hello)
        return hello
    }
}

/// Which messages may come on which link (LNK-022).
struct LinkKindCase: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var hello: Hello
    var allowed: Set<MessageType>

    static let all = [
        LinkKindCase(
            testDescription: "member", hello: Sample.hello(2),
            allowed: Set(MessageType.allCases).subtracting([.joinRequest, .joinAccept, .joinReject])),
        LinkKindCase(
            testDescription: "joiner", hello: Sample.hello(8, intent: .join),
            allowed: [.ping, .pong, .credit, .joinRequest, .snapRequest, .snapCancel]),
        LinkKindCase(
            testDescription: "client", hello: Sample.hello(8, role: .client), allowed: [.ping, .pong, .credit, .call, .cancel]),
    ]
}
