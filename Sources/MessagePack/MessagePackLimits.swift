/// The bounds of a reader or coder.
///
/// Lengths are always checked against the available bytes before anything is allocated, whatever
/// the limits. Limits are for refusing well-formed data from outside.
public struct MessagePackLimits: Hashable, Sendable {
  /// How many values may be nested in one another.
  ///
  /// ``MessagePackReader`` counts arrays and maps. The encoder and the decoder count values that
  /// code themselves, and nested containers: a struct in an array in a struct is three deep. Each
  /// level of these needs a few hundred bytes of stack, 1 to 2 KiB in debug builds, so values much
  /// above the default of 128 need a thread with a large stack.
  public var depth: Int
  /// The longest string, in bytes of UTF-8.
  public var stringLength: Int
  /// The longest binary or extension, in bytes.
  public var binaryLength: Int
  /// The largest number of an array's elements or a map's entries.
  public var collectionCount: Int

  /// Creates limits; the format itself bounds all others.
  public init(
    depth: Int = 128, stringLength: Int = 0xffff_ffff, binaryLength: Int = 0xffff_ffff,
    collectionCount: Int = 0xffff_ffff
  ) {
    self.depth = depth
    self.stringLength = stringLength
    self.binaryLength = binaryLength
    self.collectionCount = collectionCount
  }

  /// A depth of 128, and lengths limited by MessagePack itself only.
  public static let `default` = MessagePackLimits()
}
