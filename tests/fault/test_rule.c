// SPDX-License-Identifier: MIT
/*
 * Fault rules as text: what they say, what is wrong with them, and when they strike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fault/rule.h"
#include "fault/status.h"
#include "gen/leaves.h"
#include "seamless/seamless.h"
#include "tdx/status.h"

static char err[1000];

static bool parse(struct fault_rule *rule, const char *text)
{
	return fault_rule_parse(rule, text, strlen(text), err, sizeof(err));
}

static struct fault_rule rule_of(const char *text)
{
	struct fault_rule rule;

	if (!parse(&rule, text))
		fail_msg("%s: %s", text, err);
	return rule;
}

static void says(const char *text, const char *wanted)
{
	struct fault_rule rule;

	if (parse(&rule, text))
		fail_msg("'%s' is taken", text);
	if (!strstr(err, wanted))
		fail_msg("'%s': '%s' does not say '%s'", text, err, wanted);
}

static void wrong_rules_are_told(void **state)
{
	char longer[FAULT_TEXT_MAX + 60];

	(void)state;
	says("", "there is none");
	says("  \t ", "there is none");
	says("TDH.MEM.TRACK", "there is no status");
	says("TDH.MEM.TRAK OPERAND_BUSY", "did you mean TDH.MEM.TRACK");
	says("TDX.* OPERAND_BUSY", "no leaf 'TDX.*'");
	says("TDH.IOMMU.SETREG OPERAND_BUSY", "no leaf"); /* of a later module */
	says("TDH.MEM.TRACK OPERAND_BUSSY", "did you mean OPERAND_BUSY");
	says("TDH.MEM.TRACK SEAMCALL_GP", "from the instruction");
	says("TDH.MEM.TRACK SUCCESS", "can't be refused with SUCCESS; it can with OPERAND_INVALID");
	says("TDH.MEM.TRACK OPERAND_BUSY(R8)", "OPERAND_BUSY(TD_EPOCH)");
	says("TDH.MEM.TRACK OPERAND_BUSY(", "ends in ')'");
	says("TDH.MEM.TRACK OPERAND_BUSY(TD_EPOCH", "ends in ')'");
	says("TDH.MEM.TRACK OPERAND_BUSY(x)", "neither an operand");
	says("TDH.MEM.TRACK OPERAND_BUSY(99999999999)", "neither an operand");
	says("TDH.SYS.* TLB_TRACKING_NOT_DONE", "none of the");
	says("TDH.VP.ENTER NON_RECOVERABLE_TD", "can't be refused");
	says("TDH.VP.ENTER HOST_PRIORITY_BUSY_TIMEOUT", "can't be refused");
	says("TDH.MEM.TRACK OPERAND_BUSY nth", "no condition");
	says("TDH.MEM.TRACK OPERAND_BUSY nth=0", "from 1 on");
	says("TDH.MEM.TRACK OPERAND_BUSY nth=-1", "from 1 on");
	says("TDH.MEM.TRACK OPERAND_BUSY nth=99999999999999999999", "from 1 on");
	says("TDH.MEM.TRACK OPERAND_BUSY nth=1 nth=2", "twice");
	says("TDH.MEM.TRACK OPERAND_BUSY chance=2", "probability");
	says("TDH.MEM.TRACK OPERAND_BUSY chance=101%", "probability");
	says("TDH.MEM.TRACK OPERAND_BUSY chance=0", "probability");
	says("TDH.MEM.TRACK OPERAND_BUSY chance=.5x", "probability");
	says("TDH.MEM.TRACK OPERAND_BUSY seed=x", "not a number");
	says("TDH.MEM.TRACK OPERAND_BUSY lp=2000", "logical processor");
	says("TDH.MEM.TRACK OPERAND_BUSY look=2", "INTERRUPTED_RESUMABLE");
	says("TDH.MEM.TRACK OPERAND_BUSY gpa=1", "neither a condition nor an operand");
	says("TDH.MEM.TRACK OPERAND_BUSY tdr=2-1", "FROM-TO");
	says("TDH.MEM.TRACK OPERAND_BUSY tdr=one", "FROM-TO");
	says("TDH.MEM.TRACK OPERAND_BUSY tdr=1 tdr=1 tdr=1 tdr=1 tdr=1 tdr=1 tdr=1 tdr=1 tdr=1",
	     "more than 8");
	says("TDH.MEM.TRACK \001", "plain text");
	memset(longer, 'x', sizeof(longer));
	assert_false(fault_rule_parse(&(struct fault_rule){ 0 }, longer, sizeof(longer), err,
				      sizeof(err)));
	assert_non_null(strstr(err, "at most 160"));
}

static struct fault_call call_of(uint64_t gpr[16], bool guest, uint64_t leaf, uint64_t rcx,
				 uint64_t rdx)
{
	memset(gpr, 0, 16 * sizeof(*gpr));
	gpr[0] = leaf;
	gpr[1] = rcx;
	gpr[2] = rdx;
	return (struct fault_call){ .guest = guest, .gpr = gpr };
}

/* Which of ten equal calls the rule strikes, as digits. */
static const char *strikes(const char *text, bool guest, uint64_t leaf)
{
	static char digits[11];
	struct fault_rule rule = rule_of(text);
	uint64_t gpr[16];
	struct fault_call call = call_of(gpr, guest, leaf, 0x1000, 0x40000000);
	size_t n = 0;

	for (unsigned i = 0; i < 10; i++) {
		if (!fault_rule_strikes(&rule, &call))
			continue;
		rule.happened++;
		digits[n++] = (char)('0' + i);
	}
	digits[n] = 0;
	return digits;
}

static void rules_strike_when_they_say(void **state)
{
	const uint64_t block = LEAF_TDH_MEM_RANGE_BLOCK;

	(void)state;
	assert_string_equal(strikes("TDH.MEM.RANGE.BLOCK OPERAND_BUSY", false, block),
			    "0123456789");
	assert_string_equal(strikes("tdh_mem_range_block tdx_operand_busy nth=3", false, block),
			    "2");
	assert_string_equal(strikes("TDH.MEM.* OPERAND_BUSY from=8", false, block), "789");
	assert_string_equal(strikes("TDH.*.BLOCK OPERAND_BUSY every=4", false, block), "37");
	assert_string_equal(strikes("* OPERAND_BUSY times=2", false, block), "01");
	assert_string_equal(
		strikes("T?H.MEM.RANGE.BLOCK OPERAND_BUSY from=4 every=2 times=2", false, block),
		"35");
	assert_string_equal(strikes("TDH.MEM.TRACK OPERAND_BUSY", false, block), "");
	assert_string_equal(strikes("TDG.* OPERAND_BUSY", false, block), "");
	assert_string_equal(strikes("TDH.MEM.RANGE.BLOCK OPERAND_BUSY lp=1", false, block), "");
	assert_string_equal(strikes("TDH.MEM.RANGE.BLOCK OPERAND_BUSY gpa=0x1000", false, block),
			    "0123456789");
	assert_string_equal(
		strikes("TDH.MEM.RANGE.BLOCK OPERAND_BUSY gpa=0x2000-0x9000", false, block), "");
	assert_string_equal(strikes("* OPERAND_BUSY gpa=0-0x9000 page=0x40000000", false, block),
			    "0123456789");
	assert_string_equal(strikes("* OPERAND_BUSY rdx=0x40000000 nth=1", false, block), "0");
	assert_string_equal(strikes("* OPERAND_BUSY tdr=0x40001000", false, block), "");
	assert_string_equal(
		strikes("* INTERRUPTED_RESUMABLE look=3 nth=2", true, LEAF_TDG_MEM_PAGE_ACCEPT),
		"1");
}

static void chance_is_as_likely_as_it_says(void **state)
{
	struct fault_rule rule = rule_of("TDH.MEM.TRACK OPERAND_BUSY chance=12.5%"), other;
	uint64_t gpr[16];
	struct fault_call call = call_of(gpr, false, LEAF_TDH_MEM_TRACK, 0x40000000, 0);
	unsigned struck = 0, differ = 0;

	(void)state;
	other = rule_of("TDH.MEM.TRACK OPERAND_BUSY chance=0.125 seed=7");
	assert_int_equal(rule.chance, other.chance);
	for (unsigned i = 0; i < 80000; i++) {
		bool a = fault_rule_strikes(&rule, &call), b = fault_rule_strikes(&other, &call);

		struck += a;
		differ += a != b;
	}
	assert_in_range(struck, 9500, 10500);
	assert_in_range(differ, 10000, 25000);
	assert_string_equal(strikes("* OPERAND_BUSY chance=50% seed=3", false, LEAF_TDH_MEM_TRACK),
			    strikes("* OPERAND_BUSY chance=0.5 seed=3", false, LEAF_TDH_MEM_TRACK));
	assert_int_equal(rule_of("* OPERAND_BUSY chance=1").chance, 1ull << 53);
}

static void statuses_have_their_detail(void **state)
{
	struct fault_rule rule = rule_of("TDH.MEM.* OPERAND_BUSY");
	uint64_t gpr[16];
	struct fault_call call = call_of(gpr, false, LEAF_TDH_MEM_TRACK, 0, 0);
	char text[100];

	(void)state;
	assert_true(rule.any_detail);
	assert_int_equal(fault_rule_status(&rule, &call), TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
	fault_rule_strike_text(&rule, &call, text, sizeof(text));
	assert_string_equal(text, "TDH.MEM.TRACK OPERAND_BUSY");
	rule = rule_of("tdh.mem.track operand_busy(td_epoch)");
	assert_int_equal(fault_rule_status(&rule, &call),
			 TDX_OPERAND_BUSY | TDX_OPERAND_ID_TD_EPOCH);
	fault_rule_strike_text(&rule, &call, text, sizeof(text));
	assert_string_equal(text, "TDH.MEM.TRACK OPERAND_BUSY(TD_EPOCH)");
	rule = rule_of("TDH.MEM.TRACK OPERAND_BUSY(0xa9)");
	assert_int_equal(rule.status, TDX_OPERAND_BUSY | TDX_OPERAND_ID_TD_EPOCH);
}

/* Every status that the tables call one of chance is one of some leaf's, and is a rule as it
 * stands. */
static void all_that_comes_by_chance_is_there(void **state)
{
	uint64_t found[32] = { 0 };
	unsigned n_found = 0, missing = 0;

	(void)state;
	for (size_t i = 0; i < leaf_table_len; i++) {
		bool guest = leaf_table[i].cls == LEAF_GUEST;
		char text[100], line[200];

		for (unsigned n = 0;
		     fault_chance(guest, leaf_table[i].number, n, text, sizeof(text)); n++) {
			struct fault_rule rule;

			snprintf(line, sizeof(line), "%s %s", leaf_table[i].name, text);
			rule = rule_of(line);
			for (unsigned k = 0; k < n_found; k++)
				if (found[k] == TDX_STATUS_CODE(rule.status))
					rule.status = 0;
			if (rule.status)
				found[n_found++] = TDX_STATUS_CODE(rule.status);
		}
	}
	assert_int_equal(n_found, 10);
	for (size_t i = 0; i < status_table_len; i++) {
		bool there = status_table[i].cause == CAUSE_NONE;

		for (unsigned k = 0; k < n_found; k++)
			there |= found[k] == status_table[i].code;
		missing += !there;
	}
	/* in no leaf's table; a guest's leaves take them: OPERAND_BUSY_HOST_PRIORITY,
	 * HOST_PRIORITY_BUSY_TIMEOUT */
	assert_int_equal(missing, 2);
	rule_of("TDG.MEM.PAGE.ACCEPT OPERAND_BUSY_HOST_PRIORITY(RCX)");
	rule_of("TDG.* HOST_PRIORITY_BUSY_TIMEOUT");
}

static void files_are_taken_whole_or_not_at_all(void **state)
{
	struct seamless_machine *m = seamless_create(NULL, err, sizeof(err));
	static const char good[] =
		"# faults\n\n  TDH.MEM.TRACK OPERAND_BUSY nth=1\r\n\t# more\nTDH.* RND_NO_ENTROPY";
	static const char bad[] =
		"TDH.MEM.TRACK OPERAND_BUSY\n# fine\nTDH.MEM.TRACK OPERAND_BUSY nth=x\n";
	struct seamless_fault *first, *second;

	(void)state;
	assert_non_null(m);
	assert_false(seamless_fault_load(m, "my.faults", bad, sizeof(bad) - 1, err, sizeof(err)));
	assert_string_equal(err, "my.faults:3: nth=x: not a number from 1 on");
	assert_null(seamless_fault_next(m, NULL));
	assert_true(seamless_fault_load(m, "my.faults", good, sizeof(good) - 1, err, sizeof(err)));
	first = seamless_fault_next(m, NULL);
	assert_string_equal(seamless_fault_text(first), "TDH.MEM.TRACK OPERAND_BUSY nth=1");
	second = seamless_fault_next(m, first);
	assert_string_equal(seamless_fault_text(second), "TDH.* RND_NO_ENTROPY");
	assert_null(seamless_fault_next(m, second));
	seamless_fault_remove(m, first);
	assert_ptr_equal(seamless_fault_next(m, NULL), second);
	assert_int_equal(seamless_fault_seen(m, second), 0);
	seamless_fault_clear(m);
	assert_null(seamless_fault_next(m, NULL));
	assert_null(seamless_fault_add(m, "TDH.MEM.TRACK", err, sizeof(err)));
	seamless_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_rules_are_told),
		cmocka_unit_test(rules_strike_when_they_say),
		cmocka_unit_test(chance_is_as_likely_as_it_says),
		cmocka_unit_test(statuses_have_their_detail),
		cmocka_unit_test(all_that_comes_by_chance_is_there),
		cmocka_unit_test(files_are_taken_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
