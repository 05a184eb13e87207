internal import CKernel

/// A program for the kernel's packet filter: TCP only, of one port where that is wanted. What it refuses is not even copied.
///
/// It sees packets from their network layer on. Fragments, and TCP behind IPv6 extension headers, pass whatever their port is:
/// they are few, and to be counted.
struct PacketFilter {
    /// What can be loaded beside the bytes of a packet (linux/filter.h).
    private enum About {
        static let area: UInt32 = 0xffff_f000
        static let networkProtocol = area
        static let packetType = area + 4
        static let hardwareType = area + 28
    }

    private enum Label: Hashable {
        case arrived
        case version4
        case version6
        case ports6
        case accept
        case drop
    }

    private struct Line {
        var code: UInt16
        var operand: UInt32
        /// nil is the next line.
        var ifTrue: Label?
        var ifFalse: Label?
    }

    /// Bytes of a packet that are captured: all of them.
    private static let everything: UInt32 = 0x40000
    private static let outgoing: UInt32 = 4
    private static let loopback: UInt32 = 772
    private static let tcp: UInt32 = 6
    /// Of IPv6: hop-by-hop options, routing, fragment, authentication, destination options.
    private static let extensionHeaders: [UInt32] = [0, 43, 44, 51, 60]

    private var lines: [Line] = []
    private var places: [Label: Int] = [:]

    init(port: UInt16?) {
        acceptFirstSight()
        place(.version4)
        load(byte: 9)
        jump(ifEqual: Self.tcp, else: .drop)
        if let port {
            load(half: 6)
            // The offset of a fragment: only the first one has ports.
            append(0x45, 0x1fff, ifTrue: .accept)
            // The length of the header goes to the index register.
            append(0xb1, 0)
            for offset in [0, 2] as [UInt32] {
                append(0x48, offset)
                jump(ifEqual: UInt32(port), to: .accept)
            }
            end(.drop)
        } else {
            end(.accept)
        }
        place(.version6)
        load(byte: 6)
        jump(ifEqual: Self.tcp, to: .ports6)
        for header in Self.extensionHeaders { jump(ifEqual: header, to: .accept) }
        end(.drop)
        place(.ports6)
        if let port {
            load(half: 40)
            jump(ifEqual: UInt32(port), to: .accept)
            load(half: 42)
            jump(ifEqual: UInt32(port), else: .drop)
        }
        place(.accept)
        append(0x06, Self.everything)
        place(.drop)
        append(0x06, 0)
    }

    /// On loopback every packet is seen twice, when it leaves and when it arrives: once is enough.
    private mutating func acceptFirstSight() {
        load(word: About.packetType)
        jump(ifEqual: Self.outgoing, else: .arrived)
        load(word: About.hardwareType)
        jump(ifEqual: Self.loopback, to: .drop)
        place(.arrived)
        load(word: About.networkProtocol)
        jump(ifEqual: 0x0800, to: .version4)
        jump(ifEqual: 0x86dd, to: .version6)
        end(.drop)
    }

    private mutating func load(word offset: UInt32) { append(0x20, offset) }
    private mutating func load(half offset: UInt32) { append(0x28, offset) }
    private mutating func load(byte offset: UInt32) { append(0x30, offset) }

    private mutating func jump(ifEqual value: UInt32, to ifTrue: Label? = nil, else ifFalse: Label? = nil) {
        append(0x15, value, ifTrue: ifTrue, ifFalse: ifFalse)
    }

    /// A return of its own, so that no jump is long.
    private mutating func end(_ label: Label) { append(0x06, label == .accept ? Self.everything : 0) }

    private mutating func append(_ code: UInt16, _ operand: UInt32, ifTrue: Label? = nil, ifFalse: Label? = nil) {
        lines.append(Line(code: code, operand: operand, ifTrue: ifTrue, ifFalse: ifFalse))
    }

    private mutating func place(_ label: Label) { places[label] = lines.count }

    var instructions: [ckernel_filter_instruction] {
        lines.enumerated().map { index, line in
            func distance(_ label: Label?) -> UInt8 { label.flatMap { places[$0] }.map { UInt8($0 - index - 1) } ?? 0 }
            return ckernel_filter_instruction(
                code: line.code, if_true: distance(line.ifTrue), if_false: distance(line.ifFalse), operand: line.operand)
        }
    }
}
