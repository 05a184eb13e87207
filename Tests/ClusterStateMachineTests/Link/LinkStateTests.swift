import ClusterModel
import Testing

@testable import ClusterStateMachine

// The link's state table, every cell: input × state → next state and steps. The spec chapter quotes it.
//
// `!` is our shell's bug (a precondition), `=` stays. Steps after the colon, in order: P sends the preface, H HELLO, A AUTH; N lifts
// the limits for strangers; C closes with a CLOSE, D drops without one. `established` and `closed` are the same for both sides.
private let dialerTable = """
    input        | dialing    | greeting      | introducing | proving      | confirming
    connected    | greeting:P | !             | !           | !            | !
    dialFailed   | closed     | !             | !           | !            | !
    preface      | !          | introducing:H | !           | !            | !
    otherVersion | !          | closed:C      | !           | !            | !
    hello        | !          | !             | proving:A   | closed:C     | closed:C
    validProof   | !          | !             | closed:C    | confirming:N | closed:C
    refusedProof | !          | !             | closed:C    | closed:C     | closed:C
    invalidProof | !          | !             | closed:C    | closed:C     | closed:C
    close        | !          | !             | closed:D    | closed:D     | closed:D
    frame        | !          | !             | closed:C    | closed:C     | established
    wireError    | !          | closed:D      | closed:C    | closed:C     | closed:C
    ended        | closed     | closed        | closed      | closed       | closed
    deadline     | closed:D   | closed:C      | closed:C    | closed:C     | closed:C
    end          | closed:D   | closed:C      | closed:C    | closed:C     | closed:C
    cut          | closed:D   | closed:D      | closed:D    | closed:D     | closed:D
    """

private let acceptorTable = """
    input        | silent      | listening     | challenging     | established | closed
    connected    | !           | !             | !               | !           | =
    dialFailed   | !           | !             | !               | !           | =
    preface      | listening:P | !             | !               | !           | =
    otherVersion | closed:P C  | !             | !               | !           | =
    hello        | !           | challenging:H | closed:C        | closed:C    | =
    validProof   | !           | closed:C      | established:A N | closed:C    | =
    refusedProof | !           | closed:C      | closed:A C      | closed:C    | =
    invalidProof | !           | closed:C      | closed:C        | closed:C    | =
    close        | !           | closed:D      | closed:D        | closed:D    | =
    frame        | !           | closed:C      | closed:C        | =           | =
    wireError    | closed:D    | closed:C      | closed:C        | closed:C    | =
    ended        | closed      | closed        | closed          | closed      | =
    deadline     | closed:D    | closed:C      | closed:C        | =           | =
    end          | closed:D    | closed:C      | closed:C        | closed:C    | =
    cut          | closed:D    | closed:D      | closed:D        | closed:D    | =
    """

@Suite struct LinkStateTests {
    @Test func everyCellOfTheTable() throws {
        var seen: Set<String> = []
        for table in [dialerTable, acceptorTable] {
            let rows = table.split(separator: "\n").map { $0.split(separator: "|").map(\.trimmed) }
            let states = try #require(rows.first).dropFirst()
            #expect(Set(rows.dropFirst().compactMap(\.first)) == Set(Self.inputs.keys), "a row for every input")
            seen.formUnion(states)
            for row in rows.dropFirst() {
                try #require(row.count == states.count + 1, "no empty cell in \(row)")
                let input = try #require(Self.inputs[row[0]])
                for (name, cell) in zip(states, row.dropFirst()) where cell != "!" {
                    let state = try #require(Self.states[name])
                    let transition = state.received(input, intent: .member)
                    #expect(Self.describe(transition, from: state) == cell, "\(name) × \(row[0])")
                }
            }
        }
        #expect(seen == Set(Self.states.keys), "a column for every state")
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
