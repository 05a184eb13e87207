import CZlib

/// Packs bytes into one member of gzip.
func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var stream = unsafe z_stream()
    let status = unsafe deflateInit2_(
        &stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK)
    defer { unsafe deflateEnd(&stream) }
    let bound = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
    return unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
        unsafe bytes.withUnsafeBufferPointer { source in
            unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.avail_in = CUnsignedInt(source.count)
            unsafe stream.next_out = target.baseAddress
            unsafe stream.avail_out = CUnsignedInt(bound)
            let status = unsafe deflate(&stream, Z_FINISH)
            precondition(status == Z_STREAM_END)
            count = unsafe Int(stream.total_out)
        }
    }
}
