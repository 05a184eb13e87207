import Foundation

/// A value as either tool shows it, in the form in which the two are compared.
enum ComparedValue: Hashable, CustomStringConvertible {
    /// In decimal, whatever its size.
    case number(String)
    /// A registered name, a time, digits.
    case name(String)
    /// One of these or a text: JSON has one kind of string.
    case string(String)
    /// In hexadecimal digits: text and bytes that may or may not be text.
    case bytes(String)
    case boolean(Bool)
    /// The elements of a list.
    case count(Int)
    case absent

    var description: String {
        switch self {
        case .number(let text), .name(let text), .string(let text): text
        case .bytes(let digits): "0x\(digits)"
        case .boolean(let value): "\(value)"
        case .count(let count): "\(count) elements"
        case .absent: "absent"
        }
    }

    /// Whether this, which tshark shows, is what wiredump says.
    func isShown(of dumped: ComparedValue) -> Bool {
        switch dumped {
        case .string(let text): self == .name(text) || self == .bytes(hexadecimal(text.utf8))
        case .count(let count): self == .number("\(count)")
        default: self == dumped
        }
    }
}

/// One frame as one of the tools shows it.
struct ComparedFrame {
    var from: String
    var to: String
    /// By the path of the field: "role", "tables[0].digest". A list itself is the number of its elements.
    var values: [String: ComparedValue] = [:]
    /// Not all of its bytes are in the capture.
    var isCut = false
    /// wiredump says that it breaks a rule, or may be the end of a message whose beginning is missing.
    var isDamaged = false

    /// What both tools count alike.
    var name: String { "\(from) to \(to) sequence \(values["sequence"].map(String.init(describing:)) ?? "?")" }
}

/// What one tool shows otherwise than the other, frame by frame and field by field.
enum Comparison {
    /// Frames of which the capture lacks bytes are left out: Wireshark does not hand them to a dissector. Of a damaged
    /// frame only what both show is compared, and not how long its lists are: where they give up is their own affair.
    static func differences(shown: [ComparedFrame], dumped: [ComparedFrame]) -> [String] {
        let (shown, dumped) = (numbered(shown), numbered(dumped))
        var found: [String] = []
        for (name, frame) in dumped.sorted(by: { $0.key < $1.key }) {
            guard let other = shown[name] else {
                found.append("\(name): only wiredump shows it")
                continue
            }
            for path in Set(frame.values.keys).union(other.values.keys).sorted() {
                let (one, two) = (frame.values[path], other.values[path])
                if let one, let two, two.isShown(of: one) { continue }
                if frame.isDamaged {
                    guard let one, two != nil else { continue }
                    if case .count = one { continue }
                }
                let values = [one, two].map { $0.map(String.init(describing:)) ?? "nothing" }
                found.append("\(name): \(path) is \(values[0]) in wiredump, \(values[1]) in tshark")
            }
        }
        return found + shown.keys.filter { dumped[$0] == nil }.sorted().map { "\($0): only tshark shows it" }
    }

    /// Ports and sequence numbers may come again.
    private static func numbered(_ frames: [ComparedFrame]) -> [String: ComparedFrame] {
        var result: [String: ComparedFrame] = [:]
        for frame in frames where !frame.isCut {
            var (name, count) = (frame.name, 1)
            while result[name] != nil {
                count += 1
                name = "\(frame.name), time \(count)"
            }
            result[name] = frame
        }
        return result
    }
}
