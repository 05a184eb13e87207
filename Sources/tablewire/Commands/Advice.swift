import ClusterModel
import TablewireClient

/// What to do about the refusals that people meet, for nodes that do not say it themselves.
enum Advice {
    static func describe(_ error: ClientError) -> String {
        guard case .failed(let code, let text) = error, let advice = advice(code) else { return "\(error)" }
        // A node's text says what is wrong and, behind a semicolon, what to do.
        return text.contains(";") ? "\(error)" : "\(error); \(advice)"
    }

    private static func advice(_ code: ErrorCode) -> String? {
        switch code {
        case .noSuchTable: "'tablewire table list' shows the tables, 'tablewire table create' makes one"
        case .tableExists: "'tablewire table info' shows it"
        case .noSuchMember: "'tablewire cluster members' shows the members"
        case .acknowledgementTimeout:
            "the write stays and reaches the others when it can; 'tablewire cluster status' shows who is behind, --ack local does not wait"
        case .positionTooOld: "read the table again with 'tablewire table dump' and watch without --from"
        case .notReady: "wait until 'tablewire cluster status' shows the table as ready"
        case .unreachable: "check the address and that the node runs there"
        case .alreadyMember: "'tablewire cluster leave' takes it out of its cluster first"
        case .busy: "try again when the other operation is over"
        case .notReplicated: "call a node that 'tablewire table info' lists as a replica"
        case .storageFailed: "the node takes no more writes to disc tables: see its log, repair the disk, restart it"
        case .diskFull: "make room on the node's disk and restart it"
        case .keyTooLarge: "keys have at most \(Limits.key) bytes"
        case .valueTooLarge: "values have at most \(Limits.value) bytes"
        default: nil
        }
    }
}
