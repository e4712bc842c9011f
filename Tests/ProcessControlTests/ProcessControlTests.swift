import ProcessTreeTestSettings
import Testing

/// All suites of this target, one test at a time: they count processes and watch the clock.
@Suite(.serialized, .timeLimit(.minutes(TestSettings.minutes(2))))
struct ProcessControlTests {}
