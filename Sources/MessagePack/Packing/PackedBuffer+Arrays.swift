// Arrays of scalars: room for the worst case once, then stores without any check.
extension PackedBuffer {
  @inline(__always)
  mutating func packElements<T: BitwiseCopyable>(
    _ values: [T], widest: Int, _ store: (T, UnsafeMutableRawPointer) -> Int
  ) {
    packArrayHeader(values.count)
    let start = reserve(values.count * widest)
    var target = start
    for value in values {
      target += store(value, target)
    }
    count += target - start
  }

  mutating func packIntegers<T: FixedWidthInteger & BitwiseCopyable>(_ values: [T]) {
    packElements(values, widest: MemoryLayout<T>.size + 1) { $1.storeInteger($0) }
  }

  mutating func pack(_ values: [Bool]) {
    packElements(values, widest: 1) { value, target in
      target.storeBytes(of: value ? FormatByte.yes : FormatByte.no, as: UInt8.self)
      return 1
    }
  }

  mutating func pack(_ values: [Float]) {
    packElements(values, widest: 5) { $1.store(FormatByte.float32, $0.bitPattern) }
  }

  mutating func pack(_ values: [Double]) {
    packElements(values, widest: 9) { $1.store(FormatByte.float64, $0.bitPattern) }
  }

  mutating func pack(_ values: [String]) {
    packArrayHeader(values.count)
    values.withUnsafeBufferPointer { values in
      for index in values.indices {
        // Most are short, and those are not even retained.
        let place = UnsafeRawPointer(values.baseAddress.unsafelyUnwrapped + index)
        if let length = ShortString.write(at: place, to: reserve(ShortString.longestWritten)) {
          count &+= length
        } else {
          pack(values[index])
        }
      }
    }
  }
}
