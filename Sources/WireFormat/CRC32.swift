internal import CZlib

/// CRC-32/ISO-HDLC, the one of zlib, PNG and Ethernet (FRM-006): "123456789" gives cbf43926.
public enum CRC32 {
    /// - Parameter previous: the checksum of the bytes before these, 0 at the start.
    public static func checksum(_ bytes: Span<UInt8>, continuing previous: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            // zlib takes a null pointer for "give me the initial value", so an empty span never reaches it.
            guard let base = buffer.baseAddress, buffer.count > 0 else { return previous }
            return unsafe UInt32(truncatingIfNeeded: crc32_z(UInt(previous), base, buffer.count))
        }
    }
}
