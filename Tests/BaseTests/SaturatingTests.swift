import ProcessTreeBase
import Testing

@Suite struct DurationTests {
  /// Larger than any that has components.
  private static let huge = Duration(attoseconds: .max)
  private static let tiny = Duration(attoseconds: .min)

  @Test(
    arguments: [
      (.zero, 0), (.milliseconds(1), 1), (.milliseconds(-1), -1), (.nanoseconds(1), 1),
      (.nanoseconds(-1), 0), (.microseconds(1_001), 2), (.microseconds(-1_001), -1),
      (.seconds(2), 2_000), (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
      (Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999), .max),
      (huge, .max), (tiny, .min),
    ] as [(Duration, Int)])
  func millisecondsAreRoundedUp(_ duration: Duration, _ expected: Int) {
    #expect(duration.wholeMilliseconds == expected)
  }

  @Test(
    arguments: [
      (.zero, 0), (.nanoseconds(7), 7), (Duration(attoseconds: 1_999_999_999), 1),
      (Duration(attoseconds: -1_999_999_999), -1), (.seconds(3), 3_000_000_000),
      (.seconds(Int64.max), .max), (huge, .max), (tiny, .min),
    ] as [(Duration, Int)])
  func nanosecondsAreCutOff(_ duration: Duration, _ expected: Int) {
    #expect(duration.wholeNanoseconds == expected)
  }

  @Test func sumsEndAtTheLongest() {
    #expect(Self.huge.saturatingAdding(.seconds(1)) == Self.huge)
    #expect(Self.tiny.saturatingAdding(.seconds(-1)) == Self.tiny)
    #expect(Duration.seconds(1).saturatingAdding(.seconds(2)) == .seconds(3))
  }

  @Test func secondsAndMicroseconds() {
    #expect(Duration.milliseconds(1).wholeSeconds == 1)
    #expect(Duration.seconds(Int64.max).wholeSeconds == Int(Int64.max))
    #expect(Self.huge.wholeSeconds == .max)
    #expect(Duration.nanoseconds(1_999).wholeMicroseconds == 1)
    #expect(Self.tiny.wholeMicroseconds == .min)
  }

  @Test(
    arguments: [
      (.zero, "0 ms"), (.microseconds(999_999), "999 ms"), (.milliseconds(-1_999), "-1.9 s"),
      (.seconds(61), "61.0 s"), (huge, "170141183460469231731.6 s"),
      (tiny, "-170141183460469231731.6 s"),
    ] as [(Duration, String)])
  func aTimeInShortIsForPeople(_ duration: Duration, _ text: String) {
    #expect(duration.inShort == text)
  }

  @Test(arguments: [huge, .seconds(Int64.max), .longest, .longest + .nanoseconds(1)])
  func aWaitIsACenturyAtMost(_ duration: Duration) {
    #expect(duration.clamped == .longest)
    // Many of them together still fit.
    let sum = (0..<10).reduce(ContinuousClock.now) { instant, _ in instant.after(duration) }
    #expect(sum > ContinuousClock.now.after(.longest * 9))
  }

  @Test(arguments: [tiny, .seconds(Int64.min)])
  func soIsAWaitBackwards(_ duration: Duration) {
    #expect(duration.clamped == .zero - .longest)
    #expect(SuspendingClock.now.after(duration) < .now)
  }

  @Test(arguments: [.zero, .seconds(1), .seconds(-1), .nanoseconds(5)] as [Duration])
  func otherWaitsStayAsTheyAre(_ duration: Duration) {
    #expect(duration.clamped == duration)
  }
}

@Suite struct IntegerTests {
  private static let numbers: [Int8] = [.min, -127, -100, -2, -1, 0, 1, 2, 63, 64, 100, .max]

  @Test(arguments: numbers, numbers)
  func whatDoesNotFitIsTheNearestNumberThatDoes(_ left: Int8, _ right: Int8) {
    let (wide, other) = (Int(left), Int(right))
    #expect(left.saturatingAdding(right) == Int8(clamping: wide + other))
    #expect(left.saturatingSubtracting(right) == Int8(clamping: wide - other))
    #expect(left.saturatingMultiplied(by: right) == Int8(clamping: wide * other))
  }

  @Test func unsignedOnesEndAtZero() {
    #expect(UInt64.max.saturatingAdding(1) == .max)
    #expect(UInt64(1).saturatingSubtracting(2) == 0)
    #expect(UInt64.max.saturatingMultiplied(by: 2) == .max)
  }
}
