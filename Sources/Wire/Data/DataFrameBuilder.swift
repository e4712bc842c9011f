/// A frame of items that grows until it is sent.
package struct DataFrameBuilder {
  private let channel: UInt16
  /// Starts with room for the header.
  private var bytes: [UInt8] = []
  private var count: UInt32 = 0
  private var flags: DataFrameHeader.Flags = []

  package init(channel: UInt16) {
    self.channel = channel
  }

  package var isEmpty: Bool { count == 0 }

  /// The bytes that the frame has so far.
  package var size: Int { bytes.count }

  /// Adds an item, or a piece of one.
  ///
  /// - Parameters:
  ///   - isContinuation: The piece continues the last one that was added, here or in the frame
  ///     before.
  ///   - isLast: The piece ends its item. After a piece that does not end its item, the frame must
  ///     be sent.
  package mutating func append(
    _ piece: UnsafeRawBufferPointer, isContinuation: Bool = false, isLast: Bool = true
  ) {
    if bytes.isEmpty {
      bytes.reserveCapacity(DataFrameHeader.size + 4 + piece.count)
      bytes.append(contentsOf: repeatElement(0, count: DataFrameHeader.size))
    }
    if isContinuation { flags.insert(.continuesPrevious) }
    if !isLast { flags.insert(.continuesInNext) }
    withUnsafeBytes(of: UInt32(piece.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: piece)
    count += 1
  }

  /// The finished frame; the builder is empty again.
  package mutating func take() -> [UInt8] {
    var frame: [UInt8] = []
    swap(&frame, &bytes)
    let header = DataFrameHeader(kind: .items, flags: flags, channel: channel, count: count)
    frame.withUnsafeMutableBytes { header.write(to: $0) }
    count = 0
    flags = []
    return frame
  }

  /// A frame without items: credit, or the end of a channel.
  package static func control(_ header: DataFrameHeader) -> [UInt8] {
    var frame = [UInt8](repeating: 0, count: DataFrameHeader.size)
    frame.withUnsafeMutableBytes { header.write(to: $0) }
    return frame
  }
}
