internal import ProcessTreeTopologyFormat

/// A type of which a scalar of a file is a value.
protocol ScalarArgument: Decodable {
  /// The value that a scalar reads as; nil if it is none.
  static func value(of scalar: Scalar) -> Self?
  /// The kind of value that is asked for, in messages.
  static var wanted: String { get }
  /// A value in the place of one that is missing or wrong, so that a check goes on.
  static var standIn: Self { get }
}

extension String: ScalarArgument {
  static func value(of scalar: Scalar) -> String? { scalar.constant }
  static var wanted: String { "text" }
  static var standIn: String { "" }
}

extension Bool: ScalarArgument {
  static func value(of scalar: Scalar) -> Bool? {
    guard scalar.isPlain else { return nil }
    return ["true": true, "false": false][scalar.constant ?? ""]
  }
  static var wanted: String { "true or false" }
  static var standIn: Bool { false }
}

extension Double: ScalarArgument {
  static func value(of scalar: Scalar) -> Double? { scalar.number }
  static var wanted: String { "a number" }
  static var standIn: Double { 0 }
}

extension Float: ScalarArgument {
  static func value(of scalar: Scalar) -> Float? { scalar.number.map { Float($0) } }
  static var wanted: String { "a number" }
  static var standIn: Float { 0 }
}

extension Duration: ScalarArgument {
  static func value(of scalar: Scalar) -> Duration? { scalar.constant.flatMap(Quantity.time) }
  static var wanted: String { "a time such as 500ms, 10s or 1m30s" }
  static var standIn: Duration { .zero }
}

extension ScalarArgument where Self: FixedWidthInteger {
  static func value(of scalar: Scalar) -> Self? { scalar.integer.flatMap { Self(exactly: $0) } }
  static var wanted: String {
    Self.bitWidth >= 64
      ? (Self.isSigned ? "a whole number" : "a whole number from 0 on")
      : "a whole number from \(Self.min) to \(Self.max)"
  }
  static var standIn: Self { 0 }
}

extension Int: ScalarArgument {}
extension Int8: ScalarArgument {}
extension Int16: ScalarArgument {}
extension Int32: ScalarArgument {}
extension Int64: ScalarArgument {}
extension UInt: ScalarArgument {}
extension UInt8: ScalarArgument {}
extension UInt16: ScalarArgument {}
extension UInt32: ScalarArgument {}
extension UInt64: ScalarArgument {}
