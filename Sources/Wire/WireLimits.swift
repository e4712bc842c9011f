/// Bounds on what a peer may send.
///
/// A peer that exceeds a bound is refused; nothing grows by more than this.
package enum WireLimits {
  /// The largest frame that either socket of an edge takes, in bytes.
  package static let frameSize = 1 << 20
  /// The largest payload that travels inside a control message or the bootstrap record, in bytes;
  /// larger arguments and results travel over the data link.
  package static let inlinePayload = 32 << 10
  /// The largest piece of an item in one data frame, in bytes.
  package static let pieceSize = 256 << 10
  /// The largest item: an argument, a result or a message, in bytes.
  package static let itemSize = 1 << 30
  /// The longest text in a control message, in bytes: a reason, an error text, a log record.
  package static let text = 64 << 10
  /// The longest message of an error of this library, which may quote what a program gave, in
  /// bytes.
  package static let message = 4_096
  /// The longest quotation of what a program gave, in the middle of a text, in bytes.
  package static let quotation = 256
  /// The largest encoded error or event in a control message, in bytes.
  package static let record = 256 << 10
  /// The longest name that a user may give a node, in bytes.
  package static let nodeName = 64
}
