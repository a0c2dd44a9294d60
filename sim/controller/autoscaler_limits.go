package controller

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
)

// recommendation is a number of replicas that the metrics once asked for.
type recommendation struct {
	replicas int32
	at       time.Time
}

// scaleEvent is by how many replicas a target was once scaled up or down.
type scaleEvent struct {
	change int32
	at     time.Time
}

const (
	withinRange        = "DesiredWithinRange"
	withinRangeMessage = "the desired count is within the acceptable range"
	tooMany            = "TooManyReplicas"
	tooManyMessage     = "the desired replica count is more than the maximum replica count"
	tooFew             = "TooFewReplicas"
	tooFewMessage      = "the desired replica count is less than the minimum replica count"
	upLimit            = "ScaleUpLimit"
	upLimitMessage     = "the desired replica count is increasing faster than the maximum scale rate"
	downLimit          = "ScaleDownLimit"
	downLimitMessage   = "the desired replica count is decreasing faster than the maximum scale rate"

	downStabilized        = "ScaleDownStabilized"
	downStabilizedMessage = "recent recommendations were higher than current one, applying the highest recent recommendation"
	upStabilized          = "ScaleUpStabilized"
	upStabilizedMessage   = "recent recommendations were lower than current one, applying the lowest recent recommendation"
)

// normalize brings what the metrics ask for into the bounds of the autoscaler: what
// was asked for not long ago, how fast it may move, and how few and many replicas there may be.
func (s *scaleSync) normalize(proposed int32) int32 {
	var stable, desired int32
	var slow, slowMessage, reason, message string
	if s.hpa.Spec.Behavior == nil {
		stable, slow, slowMessage = s.stabilizeDown(proposed), downStabilized, downStabilizedMessage
		desired, reason, message = s.bound(stable)
	} else {
		up, down := s.behavior()
		stable, slow, slowMessage = s.stabilize(proposed, *up.StabilizationWindowSeconds, *down.StabilizationWindowSeconds)
		desired, reason, message = s.boundBy(stable, up, down)
	}
	if stable != proposed {
		s.condition(autoscalingv2.AbleToScale, corev1.ConditionTrue, slow, slowMessage)
	} else {
		s.condition(autoscalingv2.AbleToScale, corev1.ConditionTrue, "ReadyForNewScale", "recommended size matches current size")
	}
	limited := corev1.ConditionFalse
	if desired != stable {
		limited = corev1.ConditionTrue
	}
	s.condition(autoscalingv2.ScalingLimited, limited, reason, message)
	return desired
}

// recommend notes what the metrics ask for, in the place of a note that nobody needs any more.
func (s *scaleSync) recommend(replicas int32, old int) {
	if r := (recommendation{replicas, s.now}); old >= 0 {
		s.recommended[old] = r
	} else {
		s.recommended = append(s.recommended, r)
	}
}

// stabilizeDown is the largest number that was asked for within the window.
func (s *scaleSync) stabilizeDown(proposed int32) int32 {
	cutoff, old, most := s.now.Add(-s.options.DownscaleStabilization), -1, proposed
	for i, r := range s.recommended {
		if r.at.Before(cutoff) {
			old = i
		} else {
			most = max(most, r.replicas)
		}
	}
	s.recommend(proposed, old)
	return most
}

// stabilize keeps to the present number where what was asked for within the two
// windows is not all on one side of it.
func (s *scaleSync) stabilize(proposed, upSeconds, downSeconds int32) (n int32, reason, message string) {
	upCutoff, downCutoff := s.before(upSeconds), s.before(downSeconds)
	old, low, high := -1, proposed, proposed
	for i, r := range s.recommended {
		if r.at.After(upCutoff) {
			low = min(low, r.replicas)
		}
		if r.at.After(downCutoff) {
			high = max(high, r.replicas)
		}
		if r.at.Before(upCutoff) && r.at.Before(downCutoff) {
			old = i
		}
	}
	s.recommend(proposed, old)
	n = min(max(s.current, low), high)
	if proposed >= s.current {
		return n, upStabilized, upStabilizedMessage
	}
	return n, downStabilized, downStabilizedMessage
}

// before is the instant so many seconds ago.
func (s *scaleSync) before(seconds int32) time.Time {
	return s.now.Add(-time.Duration(seconds) * time.Second)
}

// bound is a number within the bounds of an autoscaler that states no behavior: it
// may double at each look, or go to 4.
func (s *scaleSync) bound(n int32) (bounded int32, reason, message string) {
	most, reason, message := s.most, tooMany, tooManyMessage
	if fast := max(2*s.current, 4); most > fast {
		most, reason, message = fast, upLimit, upLimitMessage
	}
	switch {
	case n < s.least:
		return s.least, tooFew, tooFewMessage
	case n > most:
		return most, reason, message
	}
	return n, withinRange, withinRangeMessage
}

// behavior are the rules that an autoscaler states, those of scaling up first.
func (s *scaleSync) behavior() (up, down *autoscalingv2.HPAScalingRules) {
	up, down = s.hpa.Spec.Behavior.ScaleUp, s.hpa.Spec.Behavior.ScaleDown.DeepCopy()
	if down.StabilizationWindowSeconds == nil {
		down.StabilizationWindowSeconds = new(int32(s.options.DownscaleStabilization / time.Second))
	}
	return up, down
}

// boundBy is a number within the bounds that rules of behavior set.
func (s *scaleSync) boundBy(n int32, up, down *autoscalingv2.HPAScalingRules) (bounded int32, reason, message string) {
	switch {
	case n > s.current:
		most, reason, message := s.most, tooMany, tooManyMessage
		if fast := max(s.upTo(up), s.current); most > fast {
			most, reason, message = fast, upLimit, upLimitMessage
		}
		if n > most {
			return most, reason, message
		}
	case n < s.current:
		least, reason, message := s.least, tooFew, tooFewMessage
		if fast := min(s.downTo(down), s.current); least < fast {
			least, reason, message = fast, downLimit, downLimitMessage
		}
		if n < least {
			return least, reason, message
		}
	}
	return n, withinRange, withinRangeMessage
}

// upTo is the largest number of replicas that the policies allow for now.
func (s *scaleSync) upTo(rules *autoscalingv2.HPAScalingRules) int32 {
	return s.allowed(rules, func(start, value int32, t autoscalingv2.HPAScalingPolicyType) int32 {
		if t == autoscalingv2.PercentScalingPolicy {
			// Rounded up: a small target would else never grow.
			return int32(math.Ceil(float64(float64(start) * (1 + float64(value)/100))))
		}
		return start + value
	})
}

// downTo is the smallest number of replicas that the policies allow for now.
func (s *scaleSync) downTo(rules *autoscalingv2.HPAScalingRules) int32 {
	n := s.allowed(rules, func(start, value int32, t autoscalingv2.HPAScalingPolicyType) int32 {
		if t == autoscalingv2.PercentScalingPolicy {
			return -int32(float64(float64(start) * (1 - float64(value)/100)))
		}
		return value - start
	})
	return -n
}

// allowed is what the policy that counts proposes: the one with the largest number,
// or the smallest if the rules say so; none of them moves anything if scaling is disabled.
// move gives a policy's number from how many replicas there were when its period began.
func (s *scaleSync) allowed(rules *autoscalingv2.HPAScalingRules, move func(start, value int32, t autoscalingv2.HPAScalingPolicyType) int32) int32 {
	pick, n := func(a, b int32) int32 { return max(a, b) }, int32(math.MinInt32)
	switch *rules.SelectPolicy {
	case autoscalingv2.DisabledPolicySelect:
		return move(s.current, 0, autoscalingv2.PodsScalingPolicy)
	case autoscalingv2.MinChangePolicySelect:
		pick, n = func(a, b int32) int32 { return min(a, b) }, math.MaxInt32
	}
	for _, p := range rules.Policies {
		start := s.current - s.changed(s.ups, p.PeriodSeconds) + s.changed(s.downs, p.PeriodSeconds)
		n = pick(n, move(start, p.Value, p.Type))
	}
	return n
}

// changed is by how many replicas events of the last seconds have scaled.
func (s *scaleSync) changed(events []scaleEvent, seconds int32) (n int32) {
	cutoff := s.before(seconds)
	for _, e := range events {
		if e.at.After(cutoff) {
			n += e.change
		}
	}
	return n
}

// remember notes that the target was scaled, as long as a policy may have to know of it.
func (s *scaleSync) remember(desired int32) {
	if s.hpa.Spec.Behavior == nil {
		return
	}
	up, down := s.behavior()
	if desired > s.current {
		s.ups = s.noted(s.ups, up, desired-s.current)
	} else {
		s.downs = s.noted(s.downs, down, s.current-desired)
	}
}

func (s *scaleSync) noted(events []scaleEvent, rules *autoscalingv2.HPAScalingRules, change int32) []scaleEvent {
	longest := int32(0)
	for _, p := range rules.Policies {
		longest = max(longest, p.PeriodSeconds)
	}
	cutoff, kept := s.before(longest), events[:0]
	for _, e := range events {
		if !e.at.Before(cutoff) {
			kept = append(kept, e)
		}
	}
	return append(kept, scaleEvent{change, s.now})
}
