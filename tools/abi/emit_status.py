# SPDX-License-Identifier: MIT
"""include/tdx/status.h: completion statuses, operand ids, classes."""
from emit import block, define, header_top

MACROS = '''
/* The bits of a status. */
#define TDX_STATUS_ERROR_BIT                    63
#define TDX_STATUS_NON_RECOVERABLE_BIT          62
#define TDX_STATUS_FATAL_BIT                    61
#define TDX_STATUS_HOST_RECOVERABILITY_HINT_BIT 60
#define TDX_STATUS_CLASS_SHIFT                  40
#define TDX_STATUS_CLASS_MASK                   0x0000FF0000000000ULL
#define TDX_STATUS_DETAIL_MASK                  0x00000000FFFFFFFFULL

/*
 * The software class: what the instruction itself did instead of returning. Class 0xFF with bits 55:48 set, which the
 * module never sets.
 */
#define TDX_SEAMCALL_VMFAILINVALID              0xC0FFFF0000000000ULL /* no module loaded, or not ready for a call */
#define TDX_SEAMCALL_GP                         0xC0FFFF0100000000ULL /* #GP: TDX not enabled, wrong mode or privilege */
#define TDX_SEAMCALL_UD                         0xC0FFFF0200000000ULL /* #UD: VMX off; no TDX; no logical processor bound */
#define TDX_STATUS_SOFTWARE_MASK                0x00FFFF0000000000ULL

/*
 * A status that is only a number, from a log or a table, taken apart. A call's status is a tdx_status_t: see the
 * functions below.
 */
/* Without the low 32 bits: what to compare with the names above. */
#define TDX_STATUS_CODE(number)                 ((number) & ~TDX_STATUS_DETAIL_MASK)
/* The low 32 bits: an operand id, an exit reason, a level, as the code says. */
#define TDX_STATUS_DETAIL(number)               ((number) & TDX_STATUS_DETAIL_MASK)
#define TDX_STATUS_CLASS(number)                (((number) & TDX_STATUS_CLASS_MASK) >> TDX_STATUS_CLASS_SHIFT)
#define TDX_STATUS_ERROR(number)                (((number) >> TDX_STATUS_ERROR_BIT) & 1)
#define TDX_STATUS_NON_RECOVERABLE(number)      (((number) >> TDX_STATUS_NON_RECOVERABLE_BIT) & 1)
#define TDX_STATUS_FATAL(number)                (((number) >> TDX_STATUS_FATAL_BIT) & 1)
#define TDX_STATUS_SOFTWARE(number)             (((number) & TDX_STATUS_SOFTWARE_MASK) == TDX_STATUS_SOFTWARE_MASK)

/* Which status it is, for a switch over the names above: the detail aside. */
TDX_INLINE tdx_u64 tdx_status_code(tdx_status_t status)
{
	return TDX_STATUS_CODE(status.value);
}

/* Is it the status of this name (TDX_OPERAND_BUSY), whatever its detail? */
TDX_INLINE int tdx_status_is(tdx_status_t status, tdx_u64 code)
{
	return TDX_STATUS_CODE(status.value) == code;
}

/* Is it the status of this name with this detail (TDX_OPERAND_BUSY, TDX_OPERAND_ID_TDR)? */
TDX_INLINE int tdx_status_is_with(tdx_status_t status, tdx_u64 code, tdx_u64 detail)
{
	return status.value == (code | detail);
}

/* Done? TDH.VP.ENTER has an exit reason as its detail then. */
TDX_INLINE int tdx_status_ok(tdx_status_t status)
{
	return tdx_status_is(status, TDX_SUCCESS);
}

/* An operand id, an exit reason, a level, as the code says. */
TDX_INLINE tdx_u64 tdx_status_detail(tdx_status_t status)
{
	return TDX_STATUS_DETAIL(status.value);
}

/* After TDH.VP.ENTER: TDX_EXIT_REASON_*. (Other bits of the detail may be set beside it: 26 tells of a bus lock.) */
TDX_INLINE unsigned int tdx_status_exit_reason(tdx_status_t status)
{
	return (unsigned int)status.value & 0xFFFF;
}

/* TDX_CLASS_*; 0xFF: the software class. */
TDX_INLINE tdx_u64 tdx_status_class(tdx_status_t status)
{
	return TDX_STATUS_CLASS(status.value);
}

/* Did the call fail? (Not set: done, or TDH.VP.ENTER returned with the vCPU or TD lost.) */
TDX_INLINE int tdx_status_error(tdx_status_t status)
{
	return (int)TDX_STATUS_ERROR(status.value);
}

/* With error: don't repeat the call unchanged. Without: the vCPU or TD can't run again. */
TDX_INLINE int tdx_status_non_recoverable(tdx_status_t status)
{
	return (int)TDX_STATUS_NON_RECOVERABLE(status.value);
}

/* The TD as a whole can only be torn down. */
TDX_INLINE int tdx_status_fatal(tdx_status_t status)
{
	return (int)TDX_STATUS_FATAL(status.value);
}

/* Not the module's: the instruction did not reach one. */
TDX_INLINE int tdx_status_software(tdx_status_t status)
{
	return TDX_STATUS_SOFTWARE(status.value);
}

#endif
'''


def emit(model):
    out = header_top('TDX_STATUS_H', 'Completion statuses (RAX after SEAMCALL and TDCALL), operand ids and status '
                     'classes. The value of a name has 0 in bits 31:0, which carry the detail named in brackets.')
    out += '#include "types.h"\n\n'
    for status in model.statuses:
        detail = '' if status.detail == '-' else ' [%s]' % status.detail
        since = '' if status.since == '1.5.01' else ' since %s' % status.since
        text = status.meaning + detail + since
        out += '/*\n%s\n */\n' % block(text) if len(text) > 90 else '/* %s */\n' % text
        out += define('TDX_' + status.name, '0x%016XULL' % status.value)
    out += '\n/* Operand ids: the detail of a status about an operand. Registers have their x86 index. */\n'
    for name, number, since in model.operand_ids:
        out += define('TDX_OPERAND_ID_' + name, number, '' if since == '1.5.01' else 'since ' + since)
    out += '\n/* Status classes. */\n'
    for item in model.tables['status_class']:
        text = ' '.join(item.words[1:])
        name = text.upper().split(' (')[0].replace('/', '_').replace(' ', '_')
        out += define('TDX_CLASS_' + name, item.words[0])
    return out + MACROS
