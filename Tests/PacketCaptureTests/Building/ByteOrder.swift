/// Who wrote a file.
enum ByteOrder: CaseIterable {
    case little
    case big

    func bytes<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        let bytes = (0..<(Value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        return self == .little ? bytes : bytes.reversed()
    }
}

func big<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] { ByteOrder.big.bytes(value) }
