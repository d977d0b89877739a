// SPDX-License-Identifier: MIT
/*
 * Replays an event log: RTMR = SHA-384(RTMR | digest) for each event, from zero, and compares.
 */
#include <string.h>

#include "attest/check.h"
#include "attest/digest.h"

/* One event; false when it can't be replayed. */
static bool replay_event(const struct eventlog_event *event, struct attest_result *result,
			 bool seen[4])
{
	uint8_t *rtmr;

	if (event->mr < EVENTLOG_MR_RTMR0 || event->type == EVENTLOG_NO_ACTION)
		return true;
	seen[event->mr - EVENTLOG_MR_RTMR0] = true;
	rtmr = result->replayed[event->mr - EVENTLOG_MR_RTMR0];
	if (event->sha384)
		return digest_extend(rtmr, event->sha384, rtmr);
	attest_check(&result->links, false, "event log",
		     "offset 0x%zx: event of RTMR%u without a SHA-384 digest", event->offset,
		     event->mr - EVENTLOG_MR_RTMR0);
	return false;
}

static bool replay(struct attest_blob log, struct attest_result *result, bool seen[4])
{
	struct eventlog_event event;
	struct format_error err;
	struct eventlog l;
	int got;

	memset(result->replayed, 0, sizeof(result->replayed));
	result->events = 0;
	if (eventlog_open(&l, log.bytes, log.size, &err))
		return attest_check(&result->links, false, "event log", "%s", err.text);
	while ((got = eventlog_next(&l, &event, &err)) > 0) {
		if (!replay_event(&event, result, seen))
			return false;
		result->events++;
	}
	if (got < 0)
		return attest_check(&result->links, false, "event log", "%s", err.text);
	return attest_check(&result->links, true, "event log", "%u events in %zu bytes",
			    result->events, l.pos);
}

static void check_rtmr(struct attest_result *result, int i, const uint8_t want[48], bool seen)
{
	const char name[] = { 'R', 'T', 'M', 'R', (char)('0' + i), 0 };
	const uint8_t *got = result->replayed[i];
	char got_hex[97], want_hex[97];
	bool same = !memcmp(got, want, 48);

	hex_of(got, 48, got_hex);
	hex_of(want, 48, want_hex);
	if (same)
		attest_check(&result->links, true, name, "replay of the log = %s", got_hex);
	else if (i == 3 && !seen)
		attest_add(&result->links, ATTEST_NOT_CHECKED, name,
			   "%s: extended by the guest's software, the log has no event of it",
			   want_hex);
	else
		attest_check(&result->links, false, name, "replay of the log = %s, but it is %s",
			     got_hex, want_hex);
}

void check_eventlog(struct attest_blob log, const uint8_t (*rtmr)[48], struct attest_result *result)
{
	bool seen[4] = { false };

	if (!replay(log, result, seen))
		return;
	for (int i = 0; rtmr && i < 4; i++)
		check_rtmr(result, i, rtmr[i], seen[i]);
	if (!rtmr)
		attest_add(&result->links, ATTEST_NOT_CHECKED, "RTMRs",
			   "no report or quote to compare the replay with");
}
