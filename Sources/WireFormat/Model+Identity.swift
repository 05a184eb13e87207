internal import ClusterModel

extension NodeID: WireValue {
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> NodeID { NodeID(try input.read("node")) }
    func write(to output: inout [UInt8]) { output.write(value) }
}
extension Origin: WireValue {
    static let encodedSize = 24

    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Origin {
        let node = NodeID(try input.read("node"))
        return Origin(node: node, incarnation: try input.read("incarnation"))
    }

    func write(to output: inout [UInt8]) {
        output.write(node.value)
        output.write(incarnation)
    }
}

extension VersionVector.Entry: WireValue {
    static let encodedSize = 32

    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Self {
        let origin = try Origin.read(&input)
        return Self(origin: origin, sequence: try input.read("sequence"))
    }

    func write(to output: inout [UInt8]) {
        origin.write(to: &output)
        output.write(sequence)
    }
}
