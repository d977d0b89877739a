// SPDX-License-Identifier: MIT
/*
 * Why a call was refused: recorded in a few stores when it happens, made a sentence when somebody asks.
 */
#include "module/state.h"
#include "gen/leaves.h"

#include <stdio.h>
#include <string.h>

uint64_t call_fail(struct call *c, uint64_t status, const char *rule, uint64_t v0, uint64_t v1, uint64_t v2,
		   uint64_t v3)
{
	c->lp->reason = (struct reason){ c->leaf, status, rule, { v0, v1, v2, v3 } };
	return status;
}

struct out {
	char *buf;
	size_t len, used;
};

static void put(struct out *o, const char *text)
{
	size_t n = strlen(text);

	if (o->used < o->len) {
		size_t room = o->len - o->used - 1;

		memcpy(o->buf + o->used, text, n < room ? n : room);
		o->buf[o->used + (n < room ? n : room)] = 0;
	}
	o->used += n;
}

static const char *value_text(char kind, uint64_t v, char *num, size_t len)
{
	switch (kind) {
	case 'x': snprintf(num, len, "0x%llx", (unsigned long long)v); return num;
	case 'u': snprintf(num, len, "%llu", (unsigned long long)v); return num;
	case 's': return (const char *)(uintptr_t)v;
	case 't': return page_type_name((unsigned)v);
	case 'e': return sept_state_name((unsigned)v);
	case 'o': return op_state_name((unsigned)v);
	case 'l': return td_lifecycle_name((unsigned)v);
	case 'v': return vcpu_state_name((unsigned)v);
	default: return "?";
	}
}

static void put_rule(struct out *o, const struct reason *r)
{
	const uint64_t *v = r->value;
	char num[32], one[2] = "";

	for (const char *p = r->rule; *p; p++) {
		if (*p == '%' && p[1] && v < r->value + 4) {
			put(o, value_text(*++p, *v++, num, sizeof(num)));
		} else {
			one[0] = *p;
			put(o, one);
		}
	}
}

static const struct status_desc *status_of(uint64_t status)
{
	for (size_t i = 0; i < status_table_len; i++) {
		if (status_table[i].code == TDX_STATUS_CODE(status))
			return &status_table[i];
	}
	return NULL;
}

/* "OPERAND_INVALID(RCX)" */
static void put_status(struct out *o, uint64_t status)
{
	const struct status_desc *desc = status_of(status);
	uint64_t detail = TDX_STATUS_DETAIL(status);
	char num[32];

	if (status == TDX_SEAMCALL_VMFAILINVALID)
		put(o, "SEAMCALL_VMFAILINVALID");
	else
		put(o, desc ? desc->name : value_text('x', status, num, sizeof(num)));
	if (!desc || desc->detail == DETAIL_NONE)
		return;
	put(o, "(");
	for (size_t i = 0; desc->detail == DETAIL_OPERAND && i < operand_id_table_len; i++) {
		if (operand_id_table[i].number == detail) {
			put(o, operand_id_table[i].name);
			put(o, ")");
			return;
		}
	}
	put(o, value_text('x', detail, num, sizeof(num)));
	put(o, ")");
}

size_t module_reason_format(const struct module *m, unsigned lp, char *buf, size_t len)
{
	const struct reason *r = &m->lp[lp].reason;
	struct out o = { buf, len, 0 };

	if (len)
		buf[0] = 0;
	if (!r->rule)
		return 0;
	put(&o, r->leaf ? r->leaf->name : "call");
	put(&o, ": ");
	put_status(&o, r->status);
	put(&o, ": ");
	put_rule(&o, r);
	return o.used;
}
