import ClusterModel
import Testing

@testable import ClusterStateMachine

/// The link's state table, every cell: state × input → next state, steps. The spec chapter quotes it.
///
/// `!` is our shell's bug (a precondition); `=` stays; steps after the colon, in order.
private let table = """
    state        | connected   | dialFailed | preface           | otherVersion    | hello            | validProof                     | refusedProof    | invalidProof | close       | frame            | wireError   | ended  | deadline    | end         | cut
    dialing      | greeting:P  | closed     | !                 | !               | !                | !                              | !               | !            | !           | !                | !           | closed | closed:D    | closed:D    | closed:D
    greeting     | !           | !          | introducing:H     | closed:C        | !                | !                              | !               | !            | !           | !                | closed:D    | closed | closed:C    | closed:C    | closed:D
    introducing  | !           | !          | !                 | !               | proving:A        | closed:C                       | closed:C        | closed:C     | closed:D    | closed:C         | closed:C    | closed | closed:C    | closed:C    | closed:D
    proving      | !           | !          | !                 | !               | closed:C         | confirming:N                   | closed:C        | closed:C     | closed:D    | closed:C         | closed:C    | closed | closed:C    | closed:C    | closed:D
    confirming   | !           | !          | !                 | !               | closed:C         | closed:C                       | closed:C        | closed:C     | closed:D    | established      | closed:C    | closed | closed:C    | closed:C    | closed:D
    silent       | !           | !          | listening:P       | closed:P C      | !                | !                              | !               | !            | !           | !                | closed:D    | closed | closed:D    | closed:D    | closed:D
    listening    | !           | !          | !                 | !               | challenging:H    | closed:C                       | closed:C        | closed:C     | closed:D    | closed:C         | closed:C    | closed | closed:C    | closed:C    | closed:D
    challenging  | !           | !          | !                 | !               | closed:C         | established:A N                | closed:A C      | closed:C     | closed:D    | closed:C         | closed:C    | closed | closed:C    | closed:C    | closed:D
    established  | !           | !          | !                 | !               | closed:C         | closed:C                       | closed:C        | closed:C     | closed:D    | =                | closed:C    | closed | =           | closed:C    | closed:D
    closed       | =           | =          | =                 | =               | =                | =                              | =               | =            | =           | =                | =           | =      | =           | =           | =
    """

@Suite struct LinkStateTests {
    @Test func everyCellOfTheTable() throws {
        let rows = table.split(separator: "\n").map { $0.split(separator: "|").map { $0.trimmed } }
        let inputs = try #require(rows.first).dropFirst()
        #expect(Set(inputs) == Set(Self.inputs.keys), "a column for every input")
        #expect(Set(rows.dropFirst().compactMap(\.first)) == Set(Self.states.keys), "a row for every state")
        for row in rows.dropFirst() {
            try #require(row.count == inputs.count + 1, "no empty cell in \(row)")
            let state = try #require(Self.states[row[0]])
            for (name, cell) in zip(inputs, row.dropFirst()) where cell != "!" {
                let input = try #require(Self.inputs[name])
                let transition = state.received(input, intent: .member)
                #expect(Self.describe(transition, from: state) == cell, "\(row[0]) × \(name)")
            }
        }
    }

    @Test func aJoinLinkIsOpenWithTheProof() {
        let transition = LinkState.proving(Sample.hello(2)).received(
            .proof(isValid: true, verdict: .accept, sequence: 1), intent: .join)
        #expect(
            transition == LinkTransition(to: .established(Sample.hello(2)), .authenticated(Sample.hello(2))))
    }

    @Test func aCloseBeforeTheProofIsNotBelieved() {
        #expect(!LinkState.proving(Sample.hello(2)).isAuthenticated)
        #expect(!LinkState.challenging(Sample.hello(2)).isAuthenticated)
        #expect(LinkState.confirming(Sample.hello(2)).isAuthenticated)
    }

    private static let states: [String: LinkState] = [
        "dialing": .dialing, "greeting": .greeting, "introducing": .introducing, "proving": .proving(Sample.hello(2)),
        "confirming": .confirming(Sample.hello(2)), "silent": .silent, "listening": .listening,
        "challenging": .challenging(Sample.hello(2)), "established": .established(Sample.hello(2)),
        "closed": .closed(.blocked),
    ]

    private static let inputs: [String: LinkInput] = [
        "connected": .connected, "dialFailed": .dialFailed(.refused), "preface": .preface(Preface()),
        "otherVersion": .preface(Preface(minimumVersion: 9, maximumVersion: 9)), "hello": .hello(Sample.hello(2), sequence: 0),
        "validProof": .proof(isValid: true, verdict: .accept, sequence: 1),
        "refusedProof": .proof(isValid: true, verdict: .refuse(Close(.removed)), sequence: 1),
        "invalidProof": .proof(isValid: false, verdict: .accept, sequence: 1), "close": .close(Close(.leaving)),
        "frame": .frame(.members, sequence: 2), "wireError": .wireError(Close(.badHeader)), "ended": .ended(.eof),
        "deadline": .deadline, "end": .end(Close(.shuttingDown)), "cut": .cut,
    ]

    private static func describe(_ transition: LinkTransition, from state: LinkState) -> String {
        if transition.state == state, transition.steps.isEmpty { return "=" }
        let name = states.first { _, other in transition.state.isSameCase(as: other) }?.key ?? "?"
        let steps = transition.steps.map { step in
            switch step {
            case .sendPreface: "P"
            case .sendHello: "H"
            case .sendProof: "A"
            case .authenticated: "N"
            case .close: "C"
            case .drop: "D"
            }
        }
        return steps.isEmpty ? name : "\(name):\(steps.joined(separator: " "))"
    }
}

extension LinkState {
    fileprivate func isSameCase(as other: LinkState) -> Bool {
        "\(self)".prefix { $0 != "(" } == "\(other)".prefix { $0 != "(" }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
