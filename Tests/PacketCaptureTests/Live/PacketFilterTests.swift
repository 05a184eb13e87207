import CKernel
import Testing

@testable import PacketCapture

@Suite struct PacketFilterTests {
    private static let tcp4 = ip4(6)
    private static let tcp6 = ip6(6)

    /// An IPv4 packet with a header of `words` words, and the ports 1000 and 7400.
    private static func ip4(_ transport: UInt8, words: UInt8 = 5, fragment: UInt16 = 0) -> [UInt8] {
        let head = [0x40 | words, 0, 0, 60, 0, 0, UInt8(fragment >> 8), UInt8(fragment & 0xff), 64, transport]
        return head + [UInt8](repeating: 0, count: Int(words) * 4 - 10) + ports
    }

    private static func ip6(_ next: UInt8) -> [UInt8] {
        [0x60, 0, 0, 0, 0, 20, next, 64] + [UInt8](repeating: 1, count: 32) + ports
    }

    private static let ports: [UInt8] = [0x03, 0xe8, 0x1c, 0xe8] + [UInt8](repeating: 0, count: 16)

    @Test(arguments: [nil, 7400, 1000, 7401] as [UInt16?]) func tcpPassesByItsPort(port: UInt16?) {
        let passes = port != 7401
        for packet in [Self.tcp4, Self.ip4(6, words: 15)] { #expect(verdict(packet, port: port) == passes) }
        #expect(verdict(Self.tcp6, as: 0x86dd, port: port) == passes)
    }

    @Test func onlyTCPPasses() {
        for port in [nil, 7400] as [UInt16?] {
            #expect(!verdict(Self.ip4(17), port: port))
            #expect(!verdict(Self.ip6(17), as: 0x86dd, port: port))
            #expect(!verdict(Self.ip6(58), as: 0x86dd, port: port))
            #expect(!verdict(Self.tcp4, as: 0x0806, port: port))
        }
    }

    @Test func whatCannotBeToldPasses() {
        // The first fragment has the ports, the others have none.
        #expect(!verdict(Self.ip4(6, fragment: 0x2000), port: 7401))
        #expect(verdict(Self.ip4(6, fragment: 0x0001), port: 7401))
        #expect(verdict(Self.ip6(0), as: 0x86dd, port: 7401))
        #expect(verdict(Self.ip6(44), as: 0x86dd, port: nil))
    }

    @Test func onLoopbackWhatLeavesIsNotSeenAgain() {
        #expect(!verdict(Self.tcp4, type: 4, hardware: 772))
        #expect(verdict(Self.tcp4, type: 0, hardware: 772))
        #expect(verdict(Self.tcp4, type: 4, hardware: 1))
    }

    /// What the kernel would do: runs the program.
    private func verdict(
        _ packet: [UInt8], as ethernet: UInt32 = 0x0800, port: UInt16? = nil, type: UInt32 = 0, hardware: UInt32 = 1
    ) -> Bool {
        let program = PacketFilter(port: port).instructions
        var (accumulator, index, line) = (UInt32(0), UInt32(0), 0)
        func bytes(_ offset: UInt32, _ count: Int) -> UInt32 {
            (0..<count).reduce(0) { $0 << 8 | UInt32(packet[Int(offset) + $1]) }
        }
        while line < program.count {
            let instruction = program[line]
            let operand = instruction.operand
            line += 1
            switch instruction.code {
            case 0x20:
                accumulator = [0xffff_f000: ethernet, 0xffff_f004: type, 0xffff_f01c: hardware][operand] ?? bytes(operand, 4)
            case 0x28: accumulator = bytes(operand, 2)
            case 0x30: accumulator = bytes(operand, 1)
            case 0x48: accumulator = bytes(index + operand, 2)
            case 0xb1: index = bytes(operand, 1) & 0xf * 4
            case 0x15: line += Int(accumulator == operand ? instruction.if_true : instruction.if_false)
            case 0x45: line += Int(accumulator & operand != 0 ? instruction.if_true : instruction.if_false)
            case 0x06: return operand > 0
            default: Issue.record("unknown instruction \(instruction.code)")
            }
        }
        Issue.record("the program has no end")
        return false
    }
}
