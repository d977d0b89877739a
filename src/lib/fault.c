// SPDX-License-Identifier: MIT
/*
 * A machine's fault rules, asked before each call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/pending.h"
#include "fault/rule.h"
#include "lib/machine_impl.h"
#include "module/state.h"

struct seamless_fault {
	struct seamless_fault *next;
	struct fault_rule rule;
};

_Static_assert(FAULT_TEXT_MAX < FAULT_PENDING_TEXT, "a rule fits into the module's reason");

static struct seamless_fault *make(const char *text, size_t len, char *err, size_t err_len)
{
	struct seamless_fault *fault = malloc(sizeof(*fault));

	if (!fault) {
		snprintf(err, err_len, "out of memory");
		return NULL;
	}
	fault->next = NULL;
	if (fault_rule_parse(&fault->rule, text, len, err, err_len))
		return fault;
	free(fault);
	return NULL;
}

/* Adds a list of them behind the machine's. */
static void append(struct seamless_machine *m, struct seamless_fault *list)
{
	struct seamless_fault **at = &m->faults.first;

	pthread_mutex_lock(&m->faults.lock);
	while (*at)
		at = &(*at)->next;
	*at = list;
	atomic_store(&m->faults.any, m->faults.first != NULL);
	pthread_mutex_unlock(&m->faults.lock);
}

static void free_list(struct seamless_fault *list)
{
	while (list) {
		struct seamless_fault *next = list->next;

		free(list);
		list = next;
	}
}

struct seamless_fault *seamless_fault_add(struct seamless_machine *m, const char *rule, char *err,
					  size_t err_len)
{
	struct seamless_fault *fault = make(rule, strlen(rule), err, err_len);

	if (fault)
		append(m, fault);
	return fault;
}

static bool is_empty(const char *line, size_t len)
{
	size_t blanks = 0;

	while (blanks < len && strchr(" \t\r", line[blanks]))
		blanks++;
	return blanks == len || line[blanks] == '#';
}

/* The rules of a text, in their order. False: one is wrong. */
static bool make_list(struct seamless_fault **at, const char *name, const char *text, size_t len,
		      char *err, size_t err_len)
{
	unsigned number = 1;
	char why[1000];

	for (size_t n; len; text += n, len -= n, number++) {
		const char *newline = memchr(text, '\n', len);
		size_t line = newline ? (size_t)(newline - text) : len;

		n = line + (newline != NULL);
		if (is_empty(text, line))
			continue;
		*at = make(text, line, why, sizeof(why));
		if (!*at) {
			snprintf(err, err_len, "%s:%u: %s", name, number, why);
			return false;
		}
		at = &(*at)->next;
	}
	return true;
}

bool seamless_fault_load(struct seamless_machine *m, const char *name, const char *text, size_t len,
			 char *err, size_t err_len)
{
	struct seamless_fault *list = NULL;

	if (!make_list(&list, name, text, len, err, err_len)) {
		free_list(list);
		return false;
	}
	append(m, list);
	return true;
}

bool seamless_fault_check(const char *rule, char *err, size_t err_len)
{
	struct fault_rule parsed;

	return fault_rule_parse(&parsed, rule, strlen(rule), err, err_len);
}

void seamless_fault_remove(struct seamless_machine *m, struct seamless_fault *fault)
{
	struct seamless_fault **at = &m->faults.first;

	pthread_mutex_lock(&m->faults.lock);
	while (*at && *at != fault)
		at = &(*at)->next;
	if (*at)
		*at = fault->next;
	else
		fault = NULL;
	atomic_store(&m->faults.any, m->faults.first != NULL);
	pthread_mutex_unlock(&m->faults.lock);
	free(fault);
}

void seamless_fault_clear(struct seamless_machine *m)
{
	struct seamless_fault *list;

	pthread_mutex_lock(&m->faults.lock);
	list = m->faults.first;
	m->faults.first = NULL;
	atomic_store(&m->faults.any, false);
	pthread_mutex_unlock(&m->faults.lock);
	free_list(list);
}

struct seamless_fault *seamless_fault_next(struct seamless_machine *m,
					   const struct seamless_fault *fault)
{
	struct seamless_fault *next;

	pthread_mutex_lock(&m->faults.lock);
	next = fault ? fault->next : m->faults.first;
	pthread_mutex_unlock(&m->faults.lock);
	return next;
}

const char *seamless_fault_text(const struct seamless_fault *fault)
{
	return fault->rule.text;
}

static uint64_t read_count(struct seamless_machine *m, const uint64_t *count)
{
	uint64_t value;

	pthread_mutex_lock(&m->faults.lock);
	value = *count;
	pthread_mutex_unlock(&m->faults.lock);
	return value;
}

uint64_t seamless_fault_seen(struct seamless_machine *m, const struct seamless_fault *fault)
{
	return read_count(m, &fault->rule.seen);
}

uint64_t seamless_fault_happened(struct seamless_machine *m, const struct seamless_fault *fault)
{
	return read_count(m, &fault->rule.happened);
}

size_t seamless_fault_chance(bool guest, uint64_t rax, unsigned n, char *buf, size_t len)
{
	return fault_chance(guest, rax, n, buf, len);
}

/* ---- before and after a call ---- */

/* The TD that a SEAMCALL is about: its operand's, or that of the vCPU that it names. */
static void find_objects(const struct module *module, struct fault_call *call)
{
	const struct leaf_desc *leaf =
		leaf_by_number(LEAF_HOST, (uint32_t)call->gpr[GPR_RAX] & 0xffff);
	const struct pamt_entry *page;

	for (unsigned i = 0; leaf && i < leaf->num_ins; i++) {
		uint64_t value = call->gpr[leaf->ins[i].reg] & SEPT_PA;

		if (leaf->ins[i].type == OPERAND_TYPE_TDR_PA ||
		    leaf->ins[i].type == OPERAND_TYPE_TDR_FLAG)
			call->td = value;
		else if (leaf->ins[i].type == OPERAND_TYPE_TDVPR_PA ||
			 leaf->ins[i].type == OPERAND_TYPE_VP_ENTER_RCX)
			call->vcpu = value;
	}
	page = call->vcpu && !call->td ? pamt_at(module, call->vcpu, PAGE_SIZE_4K) : NULL;
	if (page && __atomic_load_n(&page->type, __ATOMIC_RELAXED) == PT_TDVPR)
		call->td = pamt_owner(page);
}

static void describe(const struct lib_lp *lp, bool guest, const struct seamless_regs *regs,
		     struct fault_call *call)
{
	const struct module *module = lp->machine->module;

	*call = (struct fault_call){ .guest = guest, .gpr = regs->gpr, .lp = lp->number };
	if (guest) {
		call->td = module->lp[lp->number].guest.td.pa;
		call->vcpu = module->lp[lp->number].guest.vp.pa;
	} else {
		find_objects(module, call);
	}
}

/* Every rule counts the call; the first that strikes decides. */
static struct fault_rule *pick(struct lib_faults *faults, const struct fault_call *call)
{
	struct fault_rule *picked = NULL;

	for (struct seamless_fault *f = faults->first; f; f = f->next) {
		if (fault_rule_strikes(&f->rule, call) && !picked)
			picked = &f->rule;
	}
	return picked;
}

static void tell(struct lib_lp *lp, const struct fault_rule *rule, const struct fault_call *call)
{
	char text[FAULT_TEXT_MAX + 1];
	size_t len = fault_rule_strike_text(rule, call, text, sizeof(text));

	lib_tell(lp->machine, &(struct seamless_event){ .kind = SEAMLESS_EVENT_FAULT,
							.lp = (int)lp->number,
							.data = text,
							.len = len });
}

bool lib_fault_begin(struct lib_lp *lp, bool guest, const struct seamless_regs *regs)
{
	struct lib_faults *faults = &lp->machine->faults;
	struct fault_pending fault = { 0 };
	struct fault_rule copy, *rule;
	struct fault_call call;

	describe(lp, guest, regs, &call);
	pthread_mutex_lock(&faults->lock);
	rule = pick(faults, &call);
	if (rule)
		copy = *rule;
	lp->fault = rule;
	pthread_mutex_unlock(&faults->lock);
	if (!rule)
		return false;
	fault.status = fault_rule_status(&copy, &call);
	fault.any_detail = copy.any_detail;
	fault.looks = copy.looks;
	snprintf(fault.text, sizeof(fault.text), "%s", copy.text);
	tell(lp, &copy, &call);
	lp->machine->module->lp[lp->number].fault = fault;
	return true;
}

/* The rule may be gone by now. */
void lib_fault_end(struct lib_lp *lp)
{
	struct lib_faults *faults = &lp->machine->faults;

	if (!fault_end(&lp->machine->module->lp[lp->number].fault))
		return;
	pthread_mutex_lock(&faults->lock);
	for (struct seamless_fault *f = faults->first; f; f = f->next) {
		if (&f->rule == lp->fault)
			f->rule.happened++;
	}
	pthread_mutex_unlock(&faults->lock);
}
