// SPDX-License-Identifier: MIT
/*
 * From events to stretches of time: see spans.h.
 */
#include "trace/spans.h"

#include "gen/leaves.h"

static void tell(struct spans *spans, const struct span *span)
{
	spans->ops->span(spans->opaque, span);
}

/* The stay in the guest, up to this exit. */
static void end_guest(struct spans *spans, struct span_track *track, int lp, uint64_t now)
{
	uint64_t instructions = seamless_instructions(spans->machine, (unsigned)lp);
	const struct span span = { .kind = SPAN_GUEST,
				   .lp = lp,
				   .from = track->since,
				   .to = now,
				   .what = track->exit,
				   .instructions = instructions - track->instructions };

	tell(spans, &span);
}

static void begin_guest(struct spans *spans, struct span_track *track, int lp, uint64_t now)
{
	track->state = TRACK_GUEST;
	track->since = now;
	track->instructions = seamless_instructions(spans->machine, (unsigned)lp);
}

static void end_exit(struct spans *spans, struct span_track *track, int lp, uint64_t now)
{
	const struct span span = {
		.kind = SPAN_TD_EXIT, .lp = lp, .from = track->since, .to = now, .what = track->exit
	};

	if (track->state == TRACK_EXIT)
		tell(spans, &span);
	track->state = TRACK_HOST;
}

static void seamcall(struct spans *spans, struct span_track *track,
		     const struct seamless_event *event, uint64_t now)
{
	const struct span span = { .kind = SPAN_CALL,
				   .lp = event->lp,
				   .from = track->call_since,
				   .to = now,
				   .what = trace_call_of(event),
				   .event = event };

	if (!event->after) {
		track->call_since = now;
		return;
	}
	tell(spans, &span);
	if (event->where == SEAMLESS_TO_GUEST) {
		end_exit(spans, track, event->lp, now);
		begin_guest(spans, track, event->lp, now);
	}
}

static void end_phase(struct spans *spans, uint64_t now)
{
	const struct span span = { .kind = SPAN_PHASE,
				   .lp = -1,
				   .from = spans->phase_since,
				   .to = now,
				   .phase = spans->phase };

	if (spans->phase)
		tell(spans, &span);
	spans->phase_since = now;
}

/* The handler of a #VE makes this call. */
static void look_for_ve(struct spans *spans, const struct trace_call *exit, uint64_t now)
{
	if (!spans->ve_phase || !exit->leaf || exit->side != EXPLAIN_GUEST ||
	    exit->number != LEAF_TDG_VP_VEINFO_GET)
		return;
	end_phase(spans, now);
	spans->phase = spans->ve_phase;
	spans->ve_phase = NULL;
}

static void exit_begins(struct spans *spans, struct span_track *track,
			const struct seamless_event *event, uint64_t now)
{
	track->exit = trace_call_of(event);
	if (track->state == TRACK_GUEST)
		end_guest(spans, track, event->lp, now);
	track->state = TRACK_EXIT;
	track->since = now;
	look_for_ve(spans, &track->exit, now);
}

static void exit_ends(struct spans *spans, struct span_track *track,
		      const struct seamless_event *event, uint64_t now)
{
	const struct span span = { .kind = SPAN_MODULE,
				   .lp = event->lp,
				   .from = track->since,
				   .to = now,
				   .what = track->exit,
				   .event = event };

	tell(spans, &span);
	if (event->where == SEAMLESS_TO_GUEST)
		begin_guest(spans, track, event->lp, now);
	else
		track->exit = trace_td_exit_of(event);
}

static void on_event(void *opaque, const struct seamless_event *event)
{
	struct spans *spans = opaque;
	struct span_track *track;
	uint64_t now;

	if (event->lp < 0 || event->lp >= TRACE_LPS || !event->in)
		return;
	pthread_mutex_lock(&spans->lock);
	now = seamless_time_ns(spans->machine);
	track = &spans->track[event->lp];
	if (event->kind == SEAMLESS_EVENT_SEAMCALL)
		seamcall(spans, track, event, now);
	else if (event->kind == SEAMLESS_EVENT_VM_EXIT && !event->after)
		exit_begins(spans, track, event, now);
	else if (event->kind == SEAMLESS_EVENT_VM_EXIT)
		exit_ends(spans, track, event, now);
	pthread_mutex_unlock(&spans->lock);
}

bool spans_open(struct spans *spans, struct seamless_machine *machine, const struct span_ops *ops,
		void *opaque)
{
	*spans = (struct spans){ .machine = machine, .ops = ops, .opaque = opaque };
	if (!seamless_trace_add(machine, on_event, spans))
		return false;
	pthread_mutex_init(&spans->lock, NULL);
	return true;
}

static void end_sleep(struct spans *spans, unsigned lp, uint64_t now)
{
	struct span_track *track = &spans->track[lp];
	const struct span span = {
		.kind = SPAN_IDLE, .lp = (int)lp, .from = track->asleep_since, .to = now
	};

	if (track->asleep)
		tell(spans, &span);
	track->asleep = false;
}

void spans_sleep(struct spans *spans, unsigned lp, bool asleep)
{
	uint64_t now;

	if (lp >= TRACE_LPS)
		return;
	pthread_mutex_lock(&spans->lock);
	now = seamless_time_ns(spans->machine);
	if (!asleep)
		end_sleep(spans, lp, now);
	else if (!spans->track[lp].asleep)
		spans->track[lp].asleep_since = now;
	spans->track[lp].asleep = asleep;
	pthread_mutex_unlock(&spans->lock);
}

void spans_mark(struct spans *spans, enum mark_kind kind, unsigned lp, uint8_t vector)
{
	struct mark mark = { .kind = kind, .lp = (int)lp, .vector = vector };

	if (!spans->ops->mark)
		return;
	pthread_mutex_lock(&spans->lock);
	mark.at = seamless_time_ns(spans->machine);
	spans->ops->mark(spans->opaque, &mark);
	pthread_mutex_unlock(&spans->lock);
}

void spans_phase(struct spans *spans, const char *name)
{
	pthread_mutex_lock(&spans->lock);
	end_phase(spans, seamless_time_ns(spans->machine));
	spans->phase = name;
	spans->ve_phase = NULL;
	pthread_mutex_unlock(&spans->lock);
}

void spans_phase_at_ve(struct spans *spans, const char *name)
{
	pthread_mutex_lock(&spans->lock);
	spans->ve_phase = name;
	pthread_mutex_unlock(&spans->lock);
}

void spans_guests_end(struct spans *spans)
{
	uint64_t now;

	pthread_mutex_lock(&spans->lock);
	now = seamless_time_ns(spans->machine);
	for (unsigned lp = 0; lp < TRACE_LPS; lp++) {
		end_sleep(spans, lp, now);
		end_exit(spans, &spans->track[lp], (int)lp, now);
	}
	pthread_mutex_unlock(&spans->lock);
}

void spans_close(struct spans *spans)
{
	seamless_trace_remove(spans->machine, on_event, spans);
	spans_guests_end(spans);
	end_phase(spans, seamless_time_ns(spans->machine));
	pthread_mutex_destroy(&spans->lock);
}
